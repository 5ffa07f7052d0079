"""Train one model from several seeds one after the other; write each one's weights, history and predictions."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.training.together import SeedRun, train_together

    written = (rule.output.models, rule.output.histories, rule.output.predictions)
    files = (rule.params.seeds, rule.params.samples, *written, rule.params.programs, rule.params.tuned)
    train_together(
        [SeedRun(*run) for run in zip(*files, strict=True)],
        has_circuit=rule.params.has_circuit,
        about=rule.params.about,
        kind=rule.params.kind,
        options=rule.params.options,
        training=rule.params.training,
        augmentation=rule.params.augmentation,
        watch_test=rule.params.watch_test,
        memory_limit_mb=rule.params.memory_limit_mb,
        code=rule.params.code,
        terminal=rule.terminal,
    )
