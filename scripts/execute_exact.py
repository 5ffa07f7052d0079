"""Run a trained model without noise on every test sample."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.data.samples import read_samples
    from hqnn.execution.exact import run_exact
    from hqnn.execution.predict import predict

    predict(
        rule.output.predictions,
        samples=read_samples(rule.input.samples),
        model=rule.input.model,
        path=run_exact,
        about={"path": "exact", **rule.wildcards},
        memory_limit_mb=rule.params.memory_limit_mb,
        device=rule.params.device,
    )
