"""Replace a trained circuit by fits, untrained weights and nothing, and see what training made of it."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.analysis.layer import write_layers

    write_layers(
        rule.output.table,
        models=dict(zip(rule.params.seeds, rule.input.models, strict=True)),
        samples=rule.params.samples,
        dataset=rule.wildcards["dataset"],
        name=rule.wildcards["model"],
        most=rule.params.most,
        draws=rule.params.draws,
        seed=rule.params.seed,
        memory_limit_mb=rule.params.memory_limit_mb,
    )
