"""Deal the images to train, validation and test, once for every seed."""

from hqnn.job import job

with job() as rule:
    from hqnn.data.splits import write_splits
    from hqnn.settings.splits import Split

    write_splits(rule.input.samples, rule.output.splits, Split(**rule.params.split), rule.params.seeds)
