"""Write synthetic Sentinel-2 pairs in the layout of OSCD."""

from hqnn.job import job

with job() as rule:
    from hqnn.data.synthetic.pairs import write_sample

    write_sample(rule.output.folder, seed=rule.params.seed)
