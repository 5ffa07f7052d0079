"""Train a net at every point of an axis and from every seed; write scores by point."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.training.curves import Point, train_curve

    train_curve(
        rule.output.scores,
        [Point(**point) for point in rule.params.points],
        axis=rule.wildcards["axis"],
        has_circuit=rule.params.has_circuit,
        table=rule.input.table,
        augmentation=rule.params.augmentation,
        code=rule.params.code,
        memory_limit_mb=rule.params.memory_limit_mb,
        device=rule.params.device,
        terminal=rule.terminal,
        about={key: rule.wildcards[key] for key in ("study", "dataset", "model")},
    )
