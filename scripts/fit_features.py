"""Standardise the rows of a table and take principal components, fitted on train rows alone."""

from hqnn.job import job

with job() as rule:
    from hqnn.data.table.features import write_features

    write_features(rule.output.features, rule.input.samples, rule.input.split, **rule.params.features)
