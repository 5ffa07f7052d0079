"""Score every model on all pixels of the test scenes, at the threshold that is best on the train scenes."""

from hqnn.job import job

with job(forked=True) as rule:
    from pathlib import Path

    from hqnn.data.pixels.layouts_of_scenes import open_collection
    from hqnn.execution.every_pixel import score_every_pixel

    score_every_pixel(
        Path(rule.output.metrics),
        collection=open_collection(root=rule.params.root, **rule.params.scenes),
        samples=rule.input.samples,
        models=[Path(model) for model in rule.input.models],
        references=rule.params.references,
        balanced=rule.params.balanced,
        memory_limit_mb=rule.params.memory_limit_mb,
    )
