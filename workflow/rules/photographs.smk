rule prepare_photographs:
    input:
        raw=raw_input,
    output:
        samples="results/{study}/{data}/samples.h5",
    log:
        "results/{study}/{data}/samples.log",
    wildcard_constraints:
        study=studies_of("photographs"),
    cache: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(LIGHT_MB),
    params:
        root=raw_data,
        listing=listing_of,
        images=asks("images"),
        patches=asks("patches"),
        grouping=asks("groups"),
        about=about_samples,
        code=code_of("prepare_photographs"),
    script:
        "../../scripts/prepare_photographs.py"


rule extract_features:
    input:
        samples="results/{study}/{data}/samples.h5",
        weights=asks("weights_file", "backbone"),
    output:
        features="results/{study}/{data}/{backbone}/features.h5",
    log:
        "results/{study}/{data}/{backbone}/features.log",
    wildcard_constraints:
        study=studies_of("photographs"),
    cache: True
    conda:
        "../../environment.yml"
    threads: threads_of_photographs
    resources:
        mem_mb=memory(2500),
    params:
        backbone=lambda wildcards: wildcards.backbone,
        weights=asks("weights", "backbone"),
        weights_contents=contents_of(asks("weights_file", "backbone")),
        views=of_study("views"),
        augmentation=of_study("augmentation"),
        batch_size=32,
        seed=of_study("data", "seed"),
        code=code_of("extract_features"),
    script:
        "../../scripts/extract_features.py"


rule sample_bitstrings:
    input:
        samples=asks("samples", "dataset", "model", "seed"),
        model="results/{study}/{dataset}/{model}/{phase}/seed{seed}/model.safetensors",
    output:
        counts="results/{study}/{dataset}/{model}/{phase}/seed{seed}/bitstrings.csv",
    log:
        "results/{study}/{dataset}/{model}/{phase}/seed{seed}/bitstrings.log",
    wildcard_constraints:
        study=studies_of("photographs"),
        model=QUANTUM,
    conda:
        "../../environment.yml"
    threads: 1
    params:
        devices=["default.qubit", "cirq.simulator", "qiskit.aer"],
        shots=of_study("execution", "shots"),
        seed=of_study("execution", "seed"),
        code=code_of("sample_bitstrings"),
    script:
        "../../scripts/sample_bitstrings.py"


rule split_samples:
    input:
        samples="results/{study}/{data}/samples.h5",
    output:
        split="results/{study}/{data}-{split}/seed{seed}/split.h5",
    log:
        "results/{study}/{data}-{split}/seed{seed}/split.log",
    wildcard_constraints:
        study=studies_of("photographs"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(LIGHT_MB, 4),
    params:
        split=asks("split", "split"),
        code=code_of("split_samples"),
    script:
        "../../scripts/split_samples.py"
