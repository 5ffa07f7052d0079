"""Put the maps of new scenes into one folder, with a virtual mosaic and the areas of all classes."""

from hqnn.job import job

with job() as rule:
    from hqnn.execution.new_data.gathered_maps import gather_new_maps

    gather_new_maps(rule.output.folder, rule.input.maps)
