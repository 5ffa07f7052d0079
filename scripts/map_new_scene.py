"""Map one scene of new data with a trained model: classes and probabilities as GeoTIFF, a picture, and areas."""

from hqnn.job import job

with job(forked=True, torch_threads=True) as rule:
    from hqnn.execution.new_data.predictor import execution_by, seed_of
    from hqnn.report.pixels.scene_maps import map_new_scene

    map_new_scene(
        rule.output.folder,
        rule.params.place,
        rule.wildcards["scene"],
        samples=rule.input.samples,
        reading=rule.params.reading,
        model=rule.input.model,
        execution=execution_by(
            rule.params.path,
            rule.input.native,
            shots=rule.params.shots,
            seed=seed_of(rule.params.seed, rule.wildcards["scene"]),
            noise=rule.params.noise,
            trajectories=rule.params.trajectories,
            memory_limit_mb=rule.params.memory_limit_mb,
        ),
        memory_limit_mb=rule.params.memory_limit_mb,
        threads=rule.threads,
        code=rule.params.code,
    )
