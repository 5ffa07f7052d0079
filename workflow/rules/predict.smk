rule predict_new:
    input:
        model=f"{RUN}/model.safetensors",
        fitted=asks("fitted", "dataset", "model", "seed"),
        native=native_files,
    output:
        folder=directory(f"{RUN}/predicted/{{asked}}"),
    log:
        f"{RUN}/predicted/{{asked}}.log",
    wildcard_constraints:
        study=any_of(name for name, plan in plans.items() if plan.study.kind != "pixels"),
        model=f"{QUANTUM}|{TWINS}",
        asked=r"[\w-]+",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        place=lambda wildcards: new_data(wildcards).place,
        listing=lambda wildcards: listing_digest(new_data(wildcards).place),
        path=lambda wildcards: new_data(wildcards).path,
        kind=of_study("kind"),
        reading=asks("reading", "model"),
        shots=of_study("execution", "shots"),
        seed=of_study("execution", "seed"),
        memory_limit_mb=settings.engine.memory_limit_mb,
        trajectories=of_study("execution", "trajectories"),
        noise=of_study("execution", "noise"),
        code=code_of("predict_new"),
    script:
        "../../scripts/predict_new.py"
