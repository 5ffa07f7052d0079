"""Fit a U-Net as a classical reference and write its predictions of the test samples."""

from hqnn.job import job

with job() as rule:
    from hqnn.execution.unet_baseline import predict_unet
    from hqnn.settings.pixels.keys import PatchFitting

    predict_unet(
        rule.output.predictions,
        root=rule.params.root,
        samples=rule.input.samples,
        name=rule.wildcards["unet"],
        training=PatchFitting(**rule.params.training),
        seed=int(rule.wildcards["seed"]),
        about={"study": "change", "dataset": rule.wildcards["dataset"], "phase": "ideal", "path": "exact"},
        terminal=rule.terminal,
    )
