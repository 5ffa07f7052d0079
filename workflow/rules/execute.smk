RUN = "results/{study}/{dataset}/{model}/{phase}/seed{seed}"
CHANGE_RUN = RUN.replace("{study}", "change")


rule execute_exact:
    input:
        samples=samples_of,
        model=f"{RUN}/model.safetensors",
    output:
        predictions=f"{RUN}/exact/predictions.h5",
    log:
        f"{RUN}/exact/predictions.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        memory_limit_mb=settings.engine.memory_limit_mb,
        code=closure_digest("execute_exact"),
    script:
        "../../scripts/execute_exact.py"


rule execute_shots:
    input:
        samples=samples_of,
        model=f"{RUN}/model.safetensors",
    output:
        predictions=f"{RUN}/shots/predictions.h5",
    log:
        f"{RUN}/shots/predictions.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        shots=settings.execution.shots,
        subset=settings.execution.subset,
        seed=settings.execution.seed,
        code=closure_digest("execute_shots"),
    script:
        "../../scripts/execute_shots.py"


rule execute_noisy:
    input:
        samples=samples_of,
        model=f"{RUN}/model.safetensors",
        program="results/{study}/{dataset}/{model}/compiled/{backend}/program.json",
        calibration=calibration_of,
    output:
        predictions=f"{RUN}/noisy-{{backend}}/predictions.h5",
    log:
        f"{RUN}/noisy-{{backend}}/predictions.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        memory_limit_mb=settings.engine.memory_limit_mb,
        code=closure_digest("execute_noisy"),
    script:
        "../../scripts/execute_noisy.py"


rule execute_hardware:
    input:
        samples=samples_of,
        model=f"{RUN}/model.safetensors",
        circuit="results/{study}/{dataset}/{model}/compiled/{backend}/program.qpy",
        program="results/{study}/{dataset}/{model}/compiled/{backend}/program.json",
        calibration=calibration_of,
    output:
        predictions=f"{RUN}/hardware-{{backend}}/predictions.h5",
    log:
        f"{RUN}/hardware-{{backend}}/predictions.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        shots=settings.execution.shots,
        subset=settings.execution.subset,
        seed=settings.execution.seed,
        code=closure_digest("execute_hardware"),
    script:
        "../../scripts/execute_hardware.py"


rule map_changes:
    input:
        raw=raw_pairs,
        samples="results/change/{dataset}/samples.h5",
        model=f"{CHANGE_RUN}/model.safetensors",
    output:
        folder=report(
            directory(f"{CHANGE_RUN}/maps"),
            patterns=["{city}.png"],
            caption="../report/map.rst",
            category="Change maps",
        ),
    log:
        f"{CHANGE_RUN}/maps.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        root=raw_folder("oscd"),
        memory_limit_mb=settings.engine.memory_limit_mb,
        code=closure_digest("map_changes"),
    script:
        "../../scripts/map_changes.py"


rule sample_bitstrings:
    input:
        samples=samples_of,
        model=f"{RUN}/model.safetensors",
    output:
        counts=f"{RUN}/bitstrings.csv",
    log:
        f"{RUN}/bitstrings.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        devices=["default.qubit", "cirq.simulator", "qiskit.aer"],
        shots=settings.execution.shots,
        seed=settings.execution.seed,
        code=closure_digest("sample_bitstrings"),
    script:
        "../../scripts/sample_bitstrings.py"


rule classify_images:
    input:
        images=lambda wildcards: settings.classify.get(wildcards.images, wildcards.images),
        model="results/{study}/{data}-{split}/{backbone}-{name}/{phase}/seed{seed}/model.safetensors",
        features="results/{study}/{data}/{backbone}/features.h5",
    output:
        table="results/{study}/{data}-{split}/{backbone}-{name}/{phase}/seed{seed}/classified/{images}.csv",
        sheet="results/{study}/{data}-{split}/{backbone}-{name}/{phase}/seed{seed}/classified/{images}.png",
    log:
        "results/{study}/{data}-{split}/{backbone}-{name}/{phase}/seed{seed}/classified/{images}.log",
    wildcard_constraints:
        study="masks|cracks",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        weights=backbone_weights,
        code=closure_digest("classify_images"),
    script:
        "../../scripts/classify_images.py"
