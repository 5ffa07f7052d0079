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
        memory_limit_mb=settings.engine.memory_limit_mb,
        code=closure_digest("train_ideal"),
    script:
        "../../scripts/train_ideal.py"


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
        raw=raw_files,
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
        root=RAW_FOLDERS[settings.data.source],
        training=unet_training,
        code=closure_digest("fit_unet"),
    script:
        "../../scripts/fit_unet.py"
