"""Score a study's predictions, with intervals and the published figures beside, and its training runs' facts."""

from hqnn.job import job

with job() as rule:
    from pathlib import Path

    from hqnn.metrics.evaluate import evaluate_study
    from hqnn.metrics.published import read_published

    samples = rule.input.get("samples")
    evaluate_study(
        Path(rule.output.metrics),
        predictions=[Path(file) for file in rule.input.predictions],
        samples=Path(samples) if samples else None,
        histories=[Path(file) for file in rule.input.get("histories", [])],
        models=[Path(file) for file in rule.input.get("models", [])],
        published=read_published(Path(rule.input.published)),
        draws=rule.params.draws,
        seed=rule.params.seed,
    )
