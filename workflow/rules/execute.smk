RUN = "results/{study}/{dataset}/{model}/{phase}/seed{seed}"


rule execute_exact:
    input:
        samples=asks("samples", "dataset", "model", "seed"),
        model=f"{RUN}/model.safetensors",
    output:
        predictions=f"{RUN}/exact/predictions.h5",
    log:
        f"{RUN}/exact/predictions.log",
    wildcard_constraints:
        model=QUANTUM,
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=GPU,
    params:
        memory_limit_mb=settings.engine.memory_limit_mb,
        device=settings.engine.device,
        code=code_of("execute_exact"),
    script:
        "../../scripts/execute_exact.py"


rule execute_shots:
    input:
        samples=asks("samples", "dataset", "model", "seed"),
        model=f"{RUN}/model.safetensors",
    output:
        predictions=f"{RUN}/shots/predictions.h5",
    log:
        f"{RUN}/shots/predictions.log",
    wildcard_constraints:
        model=QUANTUM,
    conda:
        "../../environment.yml"
    threads: 1
    params:
        shots=of_study("execution", "shots"),
        subset=of_study("execution", "subset"),
        seed=of_study("execution", "seed"),
        code=code_of("execute_shots"),
    script:
        "../../scripts/execute_shots.py"


rule execute_noisy:
    input:
        samples=asks("samples", "dataset", "model", "seed"),
        model=f"{RUN}/model.safetensors",
        program="results/{study}/{dataset}/{model}/compiled/{backend}/program.json",
        calibration=calibration_of,
    output:
        predictions=f"{RUN}/noisy-{{backend}}/predictions.h5",
    log:
        f"{RUN}/noisy-{{backend}}/predictions.log",
    wildcard_constraints:
        model=QUANTUM,
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        gpu=GPU,
    params:
        calibration=contents_of(calibration_of),
        memory_limit_mb=settings.engine.memory_limit_mb,
        trajectories=of_study("execution", "trajectories"),
        subset=of_study("execution", "subset"),
        seed=of_study("execution", "seed"),
        noise=of_study("execution", "noise"),
        device=settings.engine.device,
        code=code_of("execute_noisy"),
    script:
        "../../scripts/execute_noisy.py"


rule execute_hardware:
    input:
        samples=asks("samples", "dataset", "model", "seed"),
        model=f"{RUN}/model.safetensors",
        circuit="results/{study}/{dataset}/{model}/compiled/{backend}/program.qpy",
        program="results/{study}/{dataset}/{model}/compiled/{backend}/program.json",
        calibration=calibration_of,
    output:
        predictions=f"{RUN}/hardware-{{backend}}/predictions.h5",
        counts=f"{RUN}/hardware-{{backend}}/counts.h5",
    log:
        f"{RUN}/hardware-{{backend}}/predictions.log",
    wildcard_constraints:
        model=QUANTUM,
        backend=LOCAL,
    conda:
        "../../environment.yml"
    threads: 1
    params:
        calibration=contents_of(calibration_of),
        shots=of_study("execution", "shots"),
        subset=of_study("execution", "subset"),
        seed=of_study("execution", "seed"),
        machine=machine_if_any,
        mitigation=of_study("execution", "mitigation"),
        noise=of_study("execution", "noise"),
        code=code_of("execute_hardware"),
    script:
        "../../scripts/execute_hardware.py"


rule mitigate:
    input:
        samples=asks("samples", "dataset", "model", "seed"),
        model=f"{RUN}/model.safetensors",
        program="results/{study}/{dataset}/{model}/compiled/{backend}/program.json",
        counts=f"{RUN}/hardware-{{backend}}/counts.h5",
    output:
        predictions=f"{RUN}/hardware-{{backend}}+{{mitigation}}/predictions.h5",
    log:
        f"{RUN}/hardware-{{backend}}+{{mitigation}}/predictions.log",
    wildcard_constraints:
        model=QUANTUM,
        mitigation=r"\w+",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        subset=of_study("execution", "subset"),
        seed=of_study("execution", "seed"),
        code=code_of("mitigate"),
    script:
        "../../scripts/mitigate.py"
