"""Write a synthetic set of images in the layout of a study."""

from hqnn.job import job

with job() as rule:
    from hqnn.data.synthetic.photographs import write_sample

    write_sample(rule.params.kind, rule.output.folder, seed=rule.params.seed)
