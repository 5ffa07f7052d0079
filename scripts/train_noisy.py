"""Go on training with a backend's native circuit under that backend's noise and readout error."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.execution.backends import snapshot
    from hqnn.noise.thermal import from_snapshot
    from hqnn.training.native import train_native

    train_native(
        rule.output.model,
        rule.output.history,
        samples=rule.input.samples,
        start=rule.input.start,
        program=rule.input.program,
        noise=from_snapshot(snapshot(rule.input.calibration), **rule.params.noise),
        training=rule.params.training,
        seed=int(rule.wildcards["seed"]),
        code=rule.params.code,
        memory_limit_mb=rule.params.memory_limit_mb,
        device=rule.params.device,
        terminal=rule.terminal,
    )
