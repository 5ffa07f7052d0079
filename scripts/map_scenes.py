"""Map every test scene with a trained model: classes and probabilities as GeoTIFF, and a picture."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.data.pixels.layouts_of_scenes import open_collection
    from hqnn.report.pixels.scene_maps import map_test_scenes

    map_test_scenes(
        rule.output.folder,
        collection=open_collection(root=rule.params.root, **rule.params.scenes),
        samples=rule.input.samples,
        model=rule.input.model,
        memory_limit_mb=rule.params.memory_limit_mb,
        threads=rule.threads,
        code=rule.params.code,
    )
