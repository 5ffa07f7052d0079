"""Fetch what a real machine counted; write raw counts and predictions."""

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
    ).collect(rule.output.predictions, rule.output.counts, rule.input.submission)
