"""Run trained and untrained weights under each part of a backend's noise; write scores, figure and two sentences."""

from hqnn.job import job

with job(forked=True) as rule:
    from pathlib import Path

    from hqnn.execution.ablation import write_ablation
    from hqnn.metrics.published import read_published
    from hqnn.report.ablation import write_explanation

    write_ablation(
        rule.output.scores,
        samples=rule.input.samples,
        models=dict(zip(rule.params.seeds, rule.input.models, strict=True)),
        program=rule.input.program,
        backend=rule.input.calibration,
        noise=rule.params.noise,
        shots=rule.params.shots,
        few_shots=rule.params.few_shots,
        draws=rule.params.draws,
        seed=rule.params.seed,
        about={key: rule.wildcards[key] for key in ("dataset", "model")},
    )
    write_explanation(
        Path(rule.output.figure),
        Path(rule.output.answers),
        ablation=Path(rule.output.scores),
        published=read_published(*map(Path, rule.input.published)),
    )
