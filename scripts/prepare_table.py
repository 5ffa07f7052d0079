"""Read a table and write its rows, labels and groups."""

from hqnn.job import job

with job() as rule:
    from hqnn.data.table.prepare import prepare_table

    prepare_table(rule.output.samples, rule.params.file, about=rule.params.about, **rule.params.columns)
