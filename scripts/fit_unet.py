"""Fit a U-Net as a classical reference and write its predictions of the test samples."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.data.pixels.layouts_of_scenes import open_collection
    from hqnn.execution.unet_baseline import predict_unet
    from hqnn.settings.pixels.keys import PatchFitting

    predict_unet(
        rule.output.predictions,
        collection=open_collection(root=rule.params.root, **rule.params.scenes),
        samples=rule.input.samples,
        name=rule.wildcards["model"],
        training=PatchFitting(**rule.params.training),
        seed=int(rule.wildcards["seed"]),
        about={**rule.wildcards, "phase": "ideal", "path": "exact"},
        code=rule.params.code,
        terminal=rule.terminal,
    )
