"""Go on training with a backend's native circuit, without noise."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.training.native import train_native

    train_native(
        rule.output.model,
        rule.output.history,
        samples=rule.input.samples,
        start=rule.input.start,
        program=rule.input.program,
        noise=None,
        training=rule.params.training,
        seed=int(rule.wildcards["seed"]),
        code=rule.params.code,
        memory_limit_mb=rule.params.memory_limit_mb,
        device=rule.params.device,
        terminal=rule.terminal,
    )
