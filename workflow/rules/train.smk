rule train_ideal:
    input:
        samples="results/change/{dataset}/samples.h5",
    output:
        model="results/change/{dataset}/{model}/ideal/seed{seed}/model.safetensors",
        history="results/change/{dataset}/{model}/ideal/seed{seed}/history.csv",
    log:
        "results/change/{dataset}/{model}/ideal/seed{seed}/train.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        qubits=change.qubits,
        observable=change.observable,
        reading=change.reading,
        training=change.training.model_dump(),
        memory_limit_mb=settings.engine.memory_limit_mb,
        code=closure_digest("train_ideal"),
    script:
        "../../scripts/train_ideal.py"


rule train_device:
    input:
        samples="results/change/{dataset}/samples.h5",
        start="results/change/{dataset}/{model}/ideal/seed{seed}/model.safetensors",
        program="results/change/{dataset}/{model}/compiled/{backend}/program.json",
    output:
        model="results/change/{dataset}/{model}/device-{backend}/seed{seed}/model.safetensors",
        history="results/change/{dataset}/{model}/device-{backend}/seed{seed}/history.csv",
    log:
        "results/change/{dataset}/{model}/device-{backend}/seed{seed}/train.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        training=change.fine_tuning.model_dump(),
        memory_limit_mb=settings.engine.memory_limit_mb,
        code=closure_digest("train_device"),
    script:
        "../../scripts/train_device.py"


rule train_noisy:
    input:
        samples="results/change/{dataset}/samples.h5",
        start="results/change/{dataset}/{model}/device-{backend}/seed{seed}/model.safetensors",
        program="results/change/{dataset}/{model}/compiled/{backend}/program.json",
        calibration=calibration_of,
    output:
        model="results/change/{dataset}/{model}/noisy-{backend}/seed{seed}/model.safetensors",
        history="results/change/{dataset}/{model}/noisy-{backend}/seed{seed}/history.csv",
    log:
        "results/change/{dataset}/{model}/noisy-{backend}/seed{seed}/train.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        training=change.fine_tuning.model_dump(),
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
