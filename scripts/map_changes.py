"""Map every test city with a trained model: probability and class as GeoTIFF, and a picture."""

from hqnn.job import job

with job() as rule:
    from hqnn.report.pixels.scene_maps import map_changes

    map_changes(
        rule.output.folder,
        root=rule.params.root,
        samples=rule.input.samples,
        model=rule.input.model,
        memory_limit_mb=rule.params.memory_limit_mb,
    )
