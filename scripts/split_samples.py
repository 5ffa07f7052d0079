"""Deal the samples to train, validation and test."""

from hqnn.job import job

with job() as rule:
    from hqnn.data.splits import write_split
    from hqnn.settings.splits import Split

    write_split(rule.input.samples, rule.output.split, Split(**rule.params.split), seed=int(rule.wildcards["seed"]))
