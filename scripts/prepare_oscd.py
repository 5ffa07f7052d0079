"""Bring both dates of every city onto one grid and write the table of samples, features and labels."""

from hqnn.job import job

with job() as rule:
    from hqnn.data.pixels.prepare import prepare_pairs

    prepare_pairs(
        rule.params.root,
        rule.output.samples,
        train=rule.params.train,
        test=rule.params.test,
        **rule.params.features,
    )
