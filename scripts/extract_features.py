"""Compute what a frozen backbone sees in every image, and in random variants of each; write features and labels."""

from hqnn.job import job

with job(forked=True, torch_threads=True) as rule:
    from hqnn.execution.features import extract_features
    from hqnn.models.augmentation import Augmentation

    extract_features(
        rule.output.features,
        samples=rule.input.samples,
        backbone=rule.wildcards["backbone"],
        weights=rule.params.weights,
        views=rule.params.views,
        augmentation=Augmentation(**rule.params.augmentation),
        batch_size=rule.params.batch_size,
        seed=rule.params.seed,
        code=rule.params.code,
        terminal=rule.terminal,
    )
