"""Sample a trained model's circuit, without noise, on the subset of test samples."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.data.samples import read_samples
    from hqnn.execution.predict import predict
    from hqnn.execution.sampled import Shots

    predict(
        rule.output.predictions,
        samples=read_samples(rule.input.samples, subset=rule.params.subset, seed=rule.params.seed),
        model=rule.input.model,
        path=Shots(rule.params.shots, rule.params.seed),
        about={"path": "shots", **rule.wildcards},
    )
