"""Run a trained model's native circuit under a backend's noise, exactly, on every test sample."""

from hqnn.job import job

with job() as rule:
    from hqnn.data.samples import read_samples
    from hqnn.execution.noisy import Noisy
    from hqnn.execution.predict import predict

    predict(
        rule.output.predictions,
        samples=read_samples(rule.input.samples),
        model=rule.input.model,
        path=Noisy(rule.input.program, rule.input.calibration, rule.params.noise),
        about={"path": "noisy", **rule.wildcards},
        memory_limit_mb=rule.params.memory_limit_mb,
    )
