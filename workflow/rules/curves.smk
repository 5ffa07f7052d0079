CURVES = "results/{study}/{dataset}/{model}/curves"


rule curve_training:
    input:
        samples=samples_once,
        tuned=lambda wildcards: chosen_files(points_of(wildcards)),
        table=table_of,
    output:
        scores=f"{CURVES}/{{axis}}.csv",
    log:
        f"{CURVES}/{{axis}}.log",
    wildcard_constraints:
        model=f"{QUANTUM}|{TWINS}",
        axis=any_of(TRAINED),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=GPU,
    params:
        points=points_of,
        has_circuit=lambda wildcards: wildcards.model in plans[wildcards.study].models(),
        augmentation=asks("augmentation", "model"),
        memory_limit_mb=settings.engine.memory_limit_mb,
        device=settings.engine.device,
        code=code_of("curve_training"),
    script:
        "../../scripts/curve_training.py"


rule curve_reference:
    input:
        samples=samples_once,
        tuned=lambda wildcards: chosen_files(fits_of(wildcards)),
        calibration=calibration_of_reference,
    output:
        scores=f"{CURVES}/train_sizes.csv",
    log:
        f"{CURVES}/train_sizes.log",
    wildcard_constraints:
        model=any_of(name for plan in plans.values() for name in plan.references()),
    conda:
        "../../environment.yml"
    threads: 1
    params:
        points=fits_of,
        reference=asks("baseline", "model"),
        balanced=lambda wildcards: plans[wildcards.study].training(wildcards.model)["balanced"],
        memory_limit_mb=settings.engine.memory_limit_mb,
        layouts=of_study("execution", "layouts"),
        noise=of_study("execution", "noise"),
        code=code_of("curve_reference"),
    script:
        "../../scripts/curve_reference.py"


rule curve_noise:
    input:
        samples=samples_once,
        models=trained_of,
        program="results/{study}/{dataset}/{model}/compiled/{backend}/program.json",
        calibration=calibration_of,
    output:
        scores=f"{CURVES}/noise-{{backend}}.csv",
    log:
        f"{CURVES}/noise-{{backend}}.log",
    wildcard_constraints:
        model=QUANTUM,
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=GPU,
    params:
        samples=samples_of_seeds,
        seeds=of_study("seeds"),
        calibration=contents_of(calibration_of),
        factors=of_study("curves", "noise"),
        memory_limit_mb=settings.engine.memory_limit_mb,
        trajectories=of_study("execution", "trajectories"),
        subset=of_study("execution", "subset"),
        seed=of_study("execution", "seed"),
        noise=of_study("execution", "noise"),
        device=settings.engine.device,
        code=code_of("curve_noise"),
    script:
        "../../scripts/curve_noise.py"


rule curve_shots:
    input:
        samples=samples_once,
        models=trained_of,
    output:
        scores=f"{CURVES}/shots.csv",
    log:
        f"{CURVES}/shots.log",
    wildcard_constraints:
        model=QUANTUM,
    conda:
        "../../environment.yml"
    threads: 1
    params:
        samples=samples_of_seeds,
        seeds=of_study("seeds"),
        shots=of_study("curves", "shots"),
        subset=of_study("execution", "subset"),
        seed=of_study("execution", "seed"),
        code=code_of("curve_shots"),
    script:
        "../../scripts/curve_shots.py"
