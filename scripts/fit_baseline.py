"""Fit a classical reference and write its predictions of the test samples."""

from hqnn.job import job

with job() as rule:
    from hqnn.execution.baseline import predict_baseline

    predict_baseline(
        rule.output.predictions,
        samples=rule.input.samples,
        name=rule.wildcards["baseline"],
        parameters=rule.params.mlp_parameters,
        seed=int(rule.wildcards["seed"]),
        about={"study": "change", "dataset": rule.wildcards["dataset"], "phase": "ideal", "path": "exact"},
    )
