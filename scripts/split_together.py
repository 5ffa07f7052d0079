"""Split the rows of a table by several seeds, and fit the features of each split."""

from hqnn.job import job

with job() as rule:
    from hqnn.data.table.together import split_together
    from hqnn.settings.splits import Split

    split_together(
        rule.input.samples,
        rule.output.splits,
        rule.output.features,
        seeds=rule.params.seeds,
        split=Split(**rule.params.split),
        reduction=rule.params.features,
    )
