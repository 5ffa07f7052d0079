"""Score a study's predictions, with intervals and the published figures beside, and its training runs' facts."""

from hqnn.job import job

with job() as rule:
    from pathlib import Path

    from hqnn.metrics.evaluate import evaluate_study
    from hqnn.metrics.published import read_published

    evaluate_study(
        Path(rule.output.metrics),
        predictions=[Path(file) for file in rule.input.predictions],
        samples=[Path(file) for file in rule.input.samples],
        histories=[Path(file) for file in rule.input.histories],
        models=[Path(file) for file in rule.input.models],
        published=read_published(*map(Path, rule.input.published)),
        more=[Path(file) for file in [*rule.input.more, *rule.input.curves]],
        draws=rule.params.draws,
        seed=rule.params.seed,
        code=rule.params.code,
    )
