"""Fit a classical reference and write its predictions of the test samples."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.execution.references import predict_reference

    predict_reference(
        rule.output.predictions,
        samples=rule.input.samples,
        name=rule.wildcards["model"],
        parameters=rule.params.reference,
        tuned=rule.input.tuned,
        balanced=rule.params.balanced,
        seed=int(rule.wildcards["seed"]),
        memory_limit_mb=rule.params.memory_limit_mb,
        **rule.params.compiled,
        about={**rule.wildcards, "phase": "ideal", "path": "exact"},
    )
