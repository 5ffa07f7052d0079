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
        code=closure_digest("train_ideal"),
    script:
        "../../scripts/train_ideal.py"


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
