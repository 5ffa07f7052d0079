"""Search for the settings of a model on folds of its train samples; write those that were chosen, and all trials."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.tuning.tune import Task, tune

    tune(
        rule.output.settings,
        rule.output.trials,
        Task(
            samples=[*rule.input.samples, rule.input.groups],
            kept_whole=rule.params.kept_whole,
            subject=rule.params.subject,
            space=rule.params.space,
            tuning=rule.params.tuning,
            seed=int(rule.wildcards["seed"]),
            program=rule.input.program,
            memory_limit_mb=rule.params.memory_limit_mb,
            layouts=rule.params.layouts,
            noise=rule.params.noise,
            code=rule.params.code,
        ),
        about={name: rule.wildcards[name] for name in ("study", "dataset", "model")},
        terminal=rule.terminal,
    )
