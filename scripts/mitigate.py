"""Make predictions of the counts of a machine again, its errors mitigated."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.data.samples import read_samples
    from hqnn.execution.mitigated import Mitigated
    from hqnn.execution.predict import predict

    samples = read_samples(rule.input.samples, subset=rule.params.subset, seed=rule.params.seed)
    predict(
        rule.output.predictions,
        samples=samples,
        model=rule.input.model,
        path=Mitigated(rule.input.program, rule.input.counts, rule.wildcards["mitigation"], samples.ids),
        about={"path": "hardware", **rule.wildcards},
    )
