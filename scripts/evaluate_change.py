"""Score every predictions file, with intervals and the published figures beside, as one tidy table."""

from hqnn.job import job

with job() as rule:
    from pathlib import Path

    from hqnn.metrics.evaluate import evaluate_study
    from hqnn.metrics.published import read_published

    evaluate_study(
        Path(rule.output.metrics),
        predictions=[Path(file) for file in rule.input.predictions],
        samples=Path(rule.input.samples),
        published=read_published(Path(rule.input.published)),
        draws=rule.params.draws,
        seed=rule.params.seed,
    )
