"""Go on training with gradients from counts, simulated or of a real machine, one job a step."""

from hqnn.job import job

with job(secrets=True) as rule:
    from hqnn.execution.backends import backend
    from hqnn.training.machine import train_on_machine
    from hqnn.training.step_jobs import step_jobs

    seed, machine = int(rule.wildcards["seed"]), backend(rule.input.calibration, rule.params.noise)
    train_on_machine(
        rule.output.model,
        rule.output.history,
        rule.output.steps,
        samples=rule.input.samples,
        start=rule.input.start,
        circuit=rule.input.circuit,
        backend=machine,
        jobs=step_jobs(
            machine,
            seed,
            name=rule.wildcards["backend"],
            machine=rule.params.machine,
            allowed=rule.config.get("hardware", {}),
            about=rule.wildcards,
        ),
        training=rule.params.training,
        seed=seed,
        code=rule.params.code,
    )
