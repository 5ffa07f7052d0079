"""Send a trained model's native circuit with the subset of test samples to a backend as one job."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.data.samples import read_samples
    from hqnn.execution.hardware import Hardware
    from hqnn.execution.predict import predict

    samples = read_samples(rule.input.samples, subset=rule.params.subset, seed=rule.params.seed)
    predict(
        rule.output.predictions,
        samples=samples,
        model=rule.input.model,
        path=Hardware(
            rule.input.circuit,
            rule.input.program,
            rule.input.calibration,
            rule.params.shots,
            rule.params.seed,
            rule.params.machine,
            rule.params.mitigation,
            rule.output.counts,
            samples.ids,
            rule.params.noise,
        ),
        about={"path": "hardware", **rule.wildcards},
    )
