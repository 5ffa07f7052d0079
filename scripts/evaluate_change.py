"""Score every predictions file, with intervals and the published figures beside, as one tidy table."""

from hqnn.job import job

with job() as rule:
    from pathlib import Path

    from hqnn.execution.scoring import score_all
    from hqnn.metrics import read_published

    score_all(
        Path(rule.output.metrics),
        predictions=[Path(file) for file in rule.input.predictions],
        samples=Path(rule.input.samples),
        published=read_published(Path(rule.input.published)),
        draws=rule.params.draws,
        seed=rule.params.seed,
    )
