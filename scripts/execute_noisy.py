"""Run a trained model's native circuit under a backend's noise on every test sample, or on a subset if not exactly."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.data.samples import read_samples
    from hqnn.execution.noisy import Noisy
    from hqnn.execution.predict import predict

    path = Noisy(
        rule.input.program,
        rule.input.calibration,
        rule.params.noise,
        rule.params.trajectories,
        rule.params.seed,
        rule.params.memory_limit_mb,
    )
    predict(
        rule.output.predictions,
        samples=read_samples(rule.input.samples, subset=path.samples(rule.params.subset), seed=rule.params.seed),
        model=rule.input.model,
        path=path,
        about={"path": "noisy", **rule.wildcards},
        memory_limit_mb=rule.params.memory_limit_mb,
        device=rule.params.device,
    )
