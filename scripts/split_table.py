"""Deal the rows of a table to train, validation and test, or take the split that the table has."""

from hqnn.job import job

with job() as rule:
    from hqnn.data.table.splits import write_table_split
    from hqnn.settings.splits import Split

    write_table_split(
        rule.input.samples, rule.output.split, Split(**rule.params.split), seed=int(rule.wildcards["seed"])
    )
