"""Train a hybrid classifier without noise; write its weights, and loss and accuracy per epoch."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.training.ideal import train_ideal

    train_ideal(
        rule.output.model,
        rule.output.history,
        samples=rule.input.samples,
        program=[rule.input.program],
        kind=rule.params.kind,
        options=rule.params.options,
        training=rule.params.training,
        augmentation=rule.params.augmentation,
        watch_test=rule.params.watch_test,
        seed=int(rule.wildcards["seed"]),
        tuned=rule.input.tuned,
        code=rule.params.code,
        memory_limit_mb=rule.params.memory_limit_mb,
        device=rule.params.device,
        terminal=rule.terminal,
    )
