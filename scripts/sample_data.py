"""Write a synthetic set of data."""

from hqnn.job import job

with job() as rule:
    from hqnn.data.synthetic.sets import write_set

    write_set(rule.params.set, rule.output.folder, rule.params.seed)
