rule prepare_table:
    input:
        raw=raw_input,
    output:
        samples="results/{study}/{data}/samples.h5",
    log:
        "results/{study}/{data}/samples.log",
    wildcard_constraints:
        study=studies_of("table"),
    cache: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(LIGHT_MB),
    params:
        file=asks("file"),
        listing=listing_of,
        columns=of_study("columns"),
        about=about_samples,
        code=code_of("prepare_table"),
    script:
        "../../scripts/prepare_table.py"


rule split_table:
    input:
        samples="results/{study}/{data}/samples.h5",
    output:
        split="results/{study}/{data}-{split}/seed{seed}/split.h5",
    log:
        "results/{study}/{data}-{split}/seed{seed}/split.log",
    wildcard_constraints:
        study=studies_of("table"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(LIGHT_MB, 4),
    params:
        split=asks("split", "split"),
        code=code_of("split_table"),
    script:
        "../../scripts/split_table.py"


rule fit_features:
    input:
        samples="results/{study}/{data}/samples.h5",
        split="results/{study}/{data}-{split}/seed{seed}/split.h5",
    output:
        features="results/{study}/{data}-{split}/seed{seed}/features.h5",
    log:
        "results/{study}/{data}-{split}/seed{seed}/features.log",
    wildcard_constraints:
        study=studies_of("table"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(LIGHT_MB, 4),
    params:
        features=of_study("features"),
        code=code_of("fit_features"),
    script:
        "../../scripts/fit_features.py"
