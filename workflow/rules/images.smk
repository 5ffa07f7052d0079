from hqnn.settings.plan import raw_part

ANALYSIS = "results/{study}/{dataset}/{model}/analysis"


rule prepare_small_images:
    input:
        raw=raw_input,
    output:
        samples="results/{study}/{data}/samples.h5",
    log:
        "results/{study}/{data}/samples.log",
    wildcard_constraints:
        study=studies_of("images"),
    cache: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(LIGHT_MB),
    params:
        root=raw_data,
        listing=listing_of,
        about=about_samples,
        images=of_study("images"),
        code=code_of("prepare_small_images"),
    script:
        "../../scripts/prepare_small_images.py"


rule draw_images:
    input:
        samples="results/{study}/{data}/samples.h5",
    output:
        draw="results/{study}/{data}-{draw}/seed{seed}/draw.h5",
    log:
        "results/{study}/{data}-{draw}/seed{seed}/draw.log",
    wildcard_constraints:
        study=studies_of("images"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(LIGHT_MB, 4),
    params:
        draw=asks("draw", "draw"),
        code=code_of("draw_images"),
    script:
        "../../scripts/draw_images.py"


rule analyse_circuit:
    input:
        program="results/{study}/{dataset}/{model}/program.json",
        calibration=lambda wildcards: os.path.relpath(calibration_file(plans[wildcards.study].study.analysis.backend)),
    output:
        sentences=f"{ANALYSIS}/sentences.json",
        zx_before=report(f"{ANALYSIS}/zx_before.svg", caption="../report/zx.rst", category="Circuits"),
        zx_after=report(f"{ANALYSIS}/zx_after.svg", caption="../report/zx.rst", category="Circuits"),
        fourier_figure=f"{ANALYSIS}/fourier.svg",
        by_qubits=f"{ANALYSIS}/gradients_by_qubits.svg",
        by_depth=f"{ANALYSIS}/gradients_by_depth.svg",
        fourier=f"{ANALYSIS}/fourier.csv",
        trainability=f"{ANALYSIS}/gradients.csv",
    log:
        f"{ANALYSIS}/analysis.log",
    wildcard_constraints:
        study=studies_of("images"),
    conda:
        "../../environment.yml"
    threads: 1
    params:
        calibration=lambda wildcards: listing_digest(calibration_file(plans[wildcards.study].study.analysis.backend)),
        circuit=lambda wildcards: plans[wildcards.study].circuit(wildcards.model).name,
        draws=of_study("analysis", "draws"),
        pairs=of_study("analysis", "pairs"),
        qubits=of_study("analysis", "qubits"),
        depths=of_study("analysis", "depths"),
        seed=of_study("analysis", "seed"),
        code=code_of("analyse_circuit"),
    script:
        "../../scripts/analyse_circuit.py"


# The results of a sweep are as many as its study has seeds, so each study has a rule of its own.
for swept in [plan for plan in plans.values() if plan.study.kind == "images" and plan.sweeps_together]:
    workflow.ruleorder(f"train_seeds_{swept.name}", "train_ideal", "train_classical")
    workflow.ruleorder(f"train_seeds_{swept.name}", "execute_exact")

    rule:
        name:
            f"train_seeds_{swept.name}"
        input:
            draws=expand("results/{study}/{{dataset}}/seed{seed}/draw.h5", study=swept.name, seed=swept.kernel_seeds()),
            samples=swept.table,
            program=lambda wildcards, study=swept.name: (
                f"results/{study}/{wildcards.dataset}/{wildcards.model}/program.json"
                if wildcards.model.startswith("quanv")
                else []
            ),
            tuned=lambda wildcards, plan=swept: plan.searches.settings(
                wildcards.dataset, wildcards.model, plan.kernel_seeds()[0]
            ),
        output:
            models=expand(
                "results/{study}/{{dataset}}/{{model}}/ideal/seed{seed}/model.safetensors",
                study=swept.name,
                seed=swept.kernel_seeds(),
            ),
            histories=expand(
                "results/{study}/{{dataset}}/{{model}}/ideal/seed{seed}/history.csv",
                study=swept.name,
                seed=swept.kernel_seeds(),
            ),
            predictions=expand(
                "results/{study}/{{dataset}}/{{model}}/ideal/seed{seed}/exact/predictions.h5",
                study=swept.name,
                seed=swept.kernel_seeds(),
            ),
        log:
            f"results/{swept.name}/{{dataset}}/{{model}}/ideal/train.log",
        wildcard_constraints:
            dataset=any_of(swept.draws()),
            model=any_of([*swept.kernels(), *swept.kernel_twins()]),
        conda:
            "../../environment.yml"
        threads: 1
        params:
            study=swept.name,
            kind=lambda wildcards, plan=swept: plan.architecture(wildcards.model).kind,
            options=lambda wildcards, plan=swept: plan.architecture(wildcards.model).options,
            training=lambda wildcards, plan=swept: plan.training(wildcards.model),
            seeds=swept.kernel_seeds(),
            code=code_of("train_seeds"),
        script:
            "../../scripts/train_seeds.py"
