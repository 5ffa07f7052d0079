"""List the scenes of new data, each with a digest of its files."""

from hqnn.job import job

with job() as rule:
    from hqnn.execution.new_data.gathered_maps import list_new_scenes

    list_new_scenes(rule.output.scenes, rule.params.place, samples=rule.input.samples, reading=rule.params.reading)
