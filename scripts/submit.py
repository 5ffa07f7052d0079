"""Send a trained model's native circuit with the subset of test samples to a real machine, once."""

from hqnn.job import job

with job(secrets=True) as rule:
    from hqnn.data.samples import read_samples
    from hqnn.execution.remote import Remote

    Remote(
        rule.wildcards["backend"],
        rule.params.machine,
        rule.input.model,
        rule.input.circuit,
        rule.input.program,
        rule.input.calibration,
        rule.params.shots,
        read_samples(rule.input.samples, subset=rule.params.subset, seed=rule.params.seed),
        {"path": "hardware", **rule.wildcards},
        rule.params.mitigation,
    ).submit(rule.output.submission, rule.output.calibration, rule.config.get("hardware", {}))
