"""Sample all seeds of a model without noise by numbers of shots; write scores by number."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.execution.curves import Trained, write_shots_curve

    files = zip(rule.params.seeds, rule.input.models, rule.params.samples, strict=True)
    write_shots_curve(
        rule.output.scores,
        [Trained(*one) for one in files],
        shots=rule.params.shots,
        subset=rule.params.subset,
        seed=rule.params.seed,
        about=rule.wildcards,
        code=rule.params.code,
    )
