"""Fit a reference on every number of train samples and for every seed; write scores by number."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.training.curves import Place, fit_curve

    fit_curve(
        rule.output.scores,
        [Place(**place) for place in rule.params.points],
        axis="train_sizes",
        parameters=rule.params.reference,
        balanced=rule.params.balanced,
        memory_limit_mb=rule.params.memory_limit_mb,
        layouts=rule.params.layouts,
        noise=rule.params.noise,
        about=rule.wildcards,
        code=rule.params.code,
    )
