rule train_ideal:
    input:
        samples=asks("samples", "dataset", "model", "seed"),
        program=asks("searches.program", "dataset", "model", "seed"),
        tuned=asks("searches.settings", "dataset", "model", "seed"),
    output:
        model="results/{study}/{dataset}/{model}/ideal/seed{seed}/model.safetensors",
        history="results/{study}/{dataset}/{model}/ideal/seed{seed}/history.csv",
    log:
        "results/{study}/{dataset}/{model}/ideal/seed{seed}/train.log",
    wildcard_constraints:
        model=QUANTUM,
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(TORCH_MB, 3),
        gpu=GPU,
    params:
        kind=lambda wildcards: plans[wildcards.study].architecture(wildcards.model).kind,
        options=lambda wildcards: plans[wildcards.study].architecture(wildcards.model).options,
        training=asks("training", "model"),
        augmentation=asks("augmentation", "model"),
        watch_test=asks("watches_test"),
        memory_limit_mb=settings.engine.memory_limit_mb,
        device=settings.engine.device,
        code=code_of("train_ideal"),
    script:
        "../../scripts/train_ideal.py"


use rule train_ideal as train_by with:
    output:
        model="results/{study}/{dataset}/{model}/ideal-{trainer}/seed{seed}/model.safetensors",
        history="results/{study}/{dataset}/{model}/ideal-{trainer}/seed{seed}/history.csv",
    log:
        "results/{study}/{dataset}/{model}/ideal-{trainer}/seed{seed}/train.log",
    resources:
        gpu=0,
    params:
        kind=lambda wildcards: plans[wildcards.study].architecture(wildcards.model).kind,
        options=lambda wildcards: plans[wildcards.study].architecture(wildcards.model).options,
        training=asks("trainer", "model", "trainer"),
        augmentation=asks("augmentation", "model"),
        watch_test=False,
        memory_limit_mb=settings.engine.memory_limit_mb,
        device="cpu",
        code=code_of("train_ideal"),


rule train_classical:
    input:
        samples=asks("samples", "dataset", "model", "seed"),
        program=asks("twin_of", "dataset", "model", "seed"),
        tuned=asks("searches.settings", "dataset", "model", "seed"),
    output:
        model="results/{study}/{dataset}/{model}/ideal/seed{seed}/model.safetensors",
        history="results/{study}/{dataset}/{model}/ideal/seed{seed}/history.csv",
        predictions="results/{study}/{dataset}/{model}/ideal/seed{seed}/exact/predictions.h5",
    log:
        "results/{study}/{dataset}/{model}/ideal/seed{seed}/train.log",
    wildcard_constraints:
        model=TWINS,
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(TORCH_MB, 3),
        gpu=GPU,
    params:
        kind=lambda wildcards: plans[wildcards.study].architecture(wildcards.model).kind,
        options=lambda wildcards: plans[wildcards.study].architecture(wildcards.model).options,
        training=asks("training", "model"),
        augmentation=asks("augmentation", "model"),
        watch_test=asks("watches_test"),
        device=settings.engine.device,
        code=code_of("train_classical"),
    script:
        "../../scripts/train_classical.py"


rule train_device:
    input:
        samples=asks("samples", "dataset", "model", "seed"),
        start="results/{study}/{dataset}/{model}/ideal/seed{seed}/model.safetensors",
        program="results/{study}/{dataset}/{model}/compiled/{backend}/program.json",
    output:
        model="results/{study}/{dataset}/{model}/device-{backend}/seed{seed}/model.safetensors",
        history="results/{study}/{dataset}/{model}/device-{backend}/seed{seed}/history.csv",
    log:
        "results/{study}/{dataset}/{model}/device-{backend}/seed{seed}/train.log",
    wildcard_constraints:
        model=QUANTUM,
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(TORCH_MB, 3),
        gpu=GPU,
    params:
        training=of_study("fine_tuning"),
        memory_limit_mb=settings.engine.memory_limit_mb,
        device=settings.engine.device,
        code=code_of("train_device"),
    script:
        "../../scripts/train_device.py"


rule train_noisy:
    input:
        samples=asks("samples", "dataset", "model", "seed"),
        start="results/{study}/{dataset}/{model}/device-{backend}/seed{seed}/model.safetensors",
        program="results/{study}/{dataset}/{model}/compiled/{backend}/program.json",
        calibration=calibration_of,
    output:
        model="results/{study}/{dataset}/{model}/noisy-{backend}/seed{seed}/model.safetensors",
        history="results/{study}/{dataset}/{model}/noisy-{backend}/seed{seed}/history.csv",
    log:
        "results/{study}/{dataset}/{model}/noisy-{backend}/seed{seed}/train.log",
    wildcard_constraints:
        model=QUANTUM,
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(TORCH_MB, 3),
        gpu=GPU,
    params:
        calibration=contents_of(calibration_of),
        training=of_study("fine_tuning"),
        memory_limit_mb=settings.engine.memory_limit_mb,
        noise=of_study("execution", "noise"),
        device=settings.engine.device,
        code=code_of("train_noisy"),
    script:
        "../../scripts/train_noisy.py"


rule train_hardware:
    input:
        samples=asks("samples", "dataset", "model", "seed"),
        start="results/{study}/{dataset}/{model}/noisy-{backend}/seed{seed}/model.safetensors",
        circuit="results/{study}/{dataset}/{model}/compiled/{backend}/program.qpy",
        calibration=calibration_of,
    output:
        model="results/{study}/{dataset}/{model}/hardware-{backend}/seed{seed}/model.safetensors",
        history="results/{study}/{dataset}/{model}/hardware-{backend}/seed{seed}/history.csv",
        steps="results/{study}/{dataset}/{model}/hardware-{backend}/seed{seed}/steps.csv",
    log:
        "results/{study}/{dataset}/{model}/hardware-{backend}/seed{seed}/train.log",
    wildcard_constraints:
        model=QUANTUM,
        backend=LOCAL,
    conda:
        "../../environment.yml"
    threads: 1
    params:
        training=of_study("hardware_training"),
        machine=machine_if_any,
        noise=of_study("execution", "noise"),
        code=code_of("train_hardware"),
    script:
        "../../scripts/train_hardware.py"


use rule train_hardware as train_on_machine with:
    wildcard_constraints:
        model=QUANTUM,
        backend=REAL,
    localrule: True
    params:
        training=of_study("hardware_training"),
        machine=machine_of,
        noise={},
        code="",  # no edit may cost a step that is paid for


rule fit_reference:
    input:
        samples=asks("samples", "dataset", "model", "seed"),
        tuned=asks("searches.settings", "dataset", "model", "seed"),
        calibration=calibration_of_reference,
    output:
        predictions="results/{study}/{dataset}/{model}/ideal/seed{seed}/exact/predictions.h5",
    log:
        "results/{study}/{dataset}/{model}/ideal/seed{seed}/exact/predictions.log",
    wildcard_constraints:
        model=any_of(name for plan in plans.values() for name in plan.references()),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(TORCH_MB, 3),
    params:
        reference=asks("baseline", "model"),
        balanced=lambda wildcards: plans[wildcards.study].training(wildcards.model)["balanced"],
        memory_limit_mb=settings.engine.memory_limit_mb,
        compiled=compiled_reference,
        code=code_of("fit_reference"),
    script:
        "../../scripts/fit_reference.py"


# The results of a job are as many as it has seeds, so each model of a study has a rule for each group of its seeds. Its
# paths have no wildcards: Snakemake prefers such rules to those with wildcards, and finds whole paths at once.
for several in [plan for plan in plans.values() if plan.study.seeds_a_job > 1]:
    for dataset, model, group in product(
        several.datasets(), [*several.models(), *several.twins()], several.seed_groups()
    ):
        runs = f"results/{several.name}/{dataset}/{model}/ideal"
        samples, programs, tuned = (
            [question(dataset, model, seed) for seed in group]
            for question in (several.samples, several.traced, several.searches.settings)
        )

        rule:
            name:
                f"train_together_{several.name}_{dataset}_{model}_{group[0]}"
            input:
                samples=sorted({file for files in samples for file in files}),
                program=sorted({file for files in programs for file in files}),
                tuned=sorted({file for files in tuned for file in files}),
            output:
                models=expand(f"{runs}/seed{{seed}}/model.safetensors", seed=group),
                histories=expand(f"{runs}/seed{{seed}}/history.csv", seed=group),
                predictions=expand(f"{runs}/seed{{seed}}/exact/predictions.h5", seed=group),
            log:
                f"{runs}/train_{group[0]}.log",
            conda:
                "../../environment.yml"
            threads: 1
            params:
                about={"study": several.name, "dataset": dataset, "model": model},
                seeds=group,
                samples=samples,
                programs=programs,
                tuned=tuned,
                has_circuit=model in several.models(),
                kind=several.architecture(model).kind,
                options=several.architecture(model).options,
                training=several.training(model),
                augmentation=several.augmentation(model),
                watch_test=several.watches_test,
                memory_limit_mb=settings.engine.memory_limit_mb,
                code=code_of("train_together"),
            script:
                "../../scripts/train_together.py"
