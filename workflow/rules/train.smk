rule train_ideal:
    input:
        samples=samples_of,
        program="results/{study}/{dataset}/{model}/program.json",
    output:
        model="results/{study}/{dataset}/{model}/ideal/seed{seed}/model.safetensors",
        history="results/{study}/{dataset}/{model}/ideal/seed{seed}/history.csv",
    log:
        "results/{study}/{dataset}/{model}/ideal/seed{seed}/train.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        kind=kind_of,
        options=options_of,
        training=training_of,
        augmentation=warping_of,
        watch_test=lambda wildcards: wildcards.study == "digits",
        memory_limit_mb=settings.engine.memory_limit_mb,
        code=closure_digest("train_ideal"),
    script:
        "../../scripts/train_ideal.py"


use rule train_ideal as train_by with:
    output:
        model="results/{study}/{dataset}/{model}/ideal-{trainer}/seed{seed}/model.safetensors",
        history="results/{study}/{dataset}/{model}/ideal-{trainer}/seed{seed}/history.csv",
    log:
        "results/{study}/{dataset}/{model}/ideal-{trainer}/seed{seed}/train.log",
    params:
        kind=kind_of,
        options=options_of,
        training=trainer_of,
        augmentation=warping_of,
        watch_test=False,
        memory_limit_mb=settings.engine.memory_limit_mb,
        code=closure_digest("train_ideal"),


rule train_classical:
    input:
        samples=samples_of,
    output:
        model="results/{study}/{dataset}/{head}/ideal/seed{seed}/model.safetensors",
        history="results/{study}/{dataset}/{head}/ideal/seed{seed}/history.csv",
        predictions="results/{study}/{dataset}/{head}/ideal/seed{seed}/exact/predictions.h5",
    log:
        "results/{study}/{dataset}/{head}/ideal/seed{seed}/train.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        kind=kind_of,
        options=options_of,
        training=training_of,
        augmentation=warping_of,
        watch_test=lambda wildcards: wildcards.study == "digits",
        code=closure_digest("train_classical"),
    script:
        "../../scripts/train_classical.py"


if settings.digits.quanv.sweep == "together":

    ruleorder: train_seeds > train_ideal > train_classical
    ruleorder: train_seeds > execute_exact

    rule train_seeds:
        input:
            draws=expand("results/{{study}}/{{dataset}}/seed{seed}/draw.h5", seed=quanv_seeds()),
            samples=whole_set,
            program=kernel_program,
        output:
            models=expand(f"{KERNEL_RUN}/model.safetensors", seed=quanv_seeds()),
            histories=expand(f"{KERNEL_RUN}/history.csv", seed=quanv_seeds()),
            predictions=expand(f"{KERNEL_RUN}/exact/predictions.h5", seed=quanv_seeds()),
        log:
            "results/{study}/{dataset}/{model}/ideal/train.log",
        wildcard_constraints:
            study="digits",
            dataset=r"\w+-\w+",
            model="quanv(-[a-z_]+)+|cnn[14]",
        conda:
            "../../environment.yml"
        threads: 1
        params:
            kind=kind_of,
            options=options_of,
            training=training_of,
            seeds=quanv_seeds(),
            code=closure_digest("train_seeds"),
        script:
            "../../scripts/train_seeds.py"


rule train_device:
    input:
        samples=samples_of,
        start="results/{study}/{dataset}/{model}/ideal/seed{seed}/model.safetensors",
        program="results/{study}/{dataset}/{model}/compiled/{backend}/program.json",
    output:
        model="results/{study}/{dataset}/{model}/device-{backend}/seed{seed}/model.safetensors",
        history="results/{study}/{dataset}/{model}/device-{backend}/seed{seed}/history.csv",
    log:
        "results/{study}/{dataset}/{model}/device-{backend}/seed{seed}/train.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        training=fine_tuning_of,
        memory_limit_mb=settings.engine.memory_limit_mb,
        code=closure_digest("train_device"),
    script:
        "../../scripts/train_device.py"


rule train_noisy:
    input:
        samples=samples_of,
        start="results/{study}/{dataset}/{model}/device-{backend}/seed{seed}/model.safetensors",
        program="results/{study}/{dataset}/{model}/compiled/{backend}/program.json",
        calibration=calibration_of,
    output:
        model="results/{study}/{dataset}/{model}/noisy-{backend}/seed{seed}/model.safetensors",
        history="results/{study}/{dataset}/{model}/noisy-{backend}/seed{seed}/history.csv",
    log:
        "results/{study}/{dataset}/{model}/noisy-{backend}/seed{seed}/train.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        training=fine_tuning_of,
        memory_limit_mb=settings.engine.memory_limit_mb,
        code=closure_digest("train_noisy"),
    script:
        "../../scripts/train_noisy.py"


rule fit_baseline:
    input:
        samples="results/change/{dataset}/samples.h5",
    output:
        predictions="results/change/{dataset}/{baseline}/ideal/seed{seed}/exact/predictions.h5",
    log:
        "results/change/{dataset}/{baseline}/ideal/seed{seed}/exact/predictions.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        mlp_parameters=change.mlp_parameters,
        code=closure_digest("fit_baseline"),
    script:
        "../../scripts/fit_baseline.py"


rule fit_unet:
    input:
        raw=raw_pairs,
        samples="results/change/{dataset}/samples.h5",
    output:
        predictions="results/change/{dataset}/{unet}/ideal/seed{seed}/exact/predictions.h5",
    log:
        "results/change/{dataset}/{unet}/ideal/seed{seed}/exact/predictions.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2500,
    params:
        root=raw_folder("oscd"),
        training=unet_training,
        code=closure_digest("fit_unet"),
    script:
        "../../scripts/fit_unet.py"
