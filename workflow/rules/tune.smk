rule tune:
    input:
        samples=asks("samples", "dataset", "model", "seed"),
        groups=table_of,
        program=asks("twin_of", "dataset", "model", "seed"),
        calibration=calibration_of_reference,
    output:
        settings="results/{study}/{dataset}/{model}/tuned/seed{seed}/settings.json",
        trials="results/{study}/{dataset}/{model}/tuned/seed{seed}/trials.csv",
    log:
        "results/{study}/{dataset}/{model}/tuned/seed{seed}/tune.log",
    wildcard_constraints:
        model=any_of(model for plan in plans.values() for model in plan.searches.models()),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(TORCH_MB, 3),
    params:
        kept_whole=asks("kept_whole", "dataset"),
        subject=asks("searches.subject", "model"),
        space=asks("searches.plain_space", "model"),
        tuning=lambda wildcards: plans[wildcards.study].study.tuning.model_dump(exclude={"space"}),
        memory_limit_mb=settings.engine.memory_limit_mb,
        layouts=of_study("execution", "layouts"),
        noise=of_study("execution", "noise"),
        code=code_of("tune"),
    script:
        "../../scripts/tune.py"
