"""Run all seeds of a model under a backend's noise, scaled as a whole and part by part; write scores by factor."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.execution.curves import Trained, write_noise_curve

    files = zip(rule.params.seeds, rule.input.models, rule.params.samples, strict=True)
    write_noise_curve(
        rule.output.scores,
        [Trained(*one) for one in files],
        program=rule.input.program,
        backend=rule.input.calibration,
        noise=rule.params.noise,
        factors=rule.params.factors,
        trajectories=rule.params.trajectories,
        subset=rule.params.subset,
        seed=rule.params.seed,
        memory_limit_mb=rule.params.memory_limit_mb,
        device=rule.params.device,
        about=rule.wildcards,
        code=rule.params.code,
    )
