rule write_crate:
    input:
        results=results_of,
        samples=table_of,
        raw=raw_input,
        catalogue=f"{RESOURCES}/datasets.yaml",
    output:
        crate="results/{study}/crate.zip",
    log:
        "results/{study}/crate.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(LIGHT_MB),
    params:
        title=asks("title"),
        settings=lambda wildcards: plans[wildcards.study].study.model_dump(mode="json", exclude_unset=True),
        raw=asks("raw"),
        source=of_study("data", "source"),
        fetched=asks("fetched_set"),
        listing=listing_of,
        checkout=os.path.relpath(CHECKOUT),
        code=code_of("write_crate"),
    script:
        "../../scripts/write_crate.py"


rule write_paper:
    input:
        page="results/{study}/report.html",
    output:
        # A name with a dot, which no data set of the study has.
        folder=directory("results/{study}/paper.d"),
    log:
        "results/{study}/paper.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(LIGHT_MB),
    params:
        command=lambda wildcards: f"make paper STUDY={wildcards.study}",
        code=code_of("write_paper"),
    script:
        "../../scripts/write_paper.py"


rule log_mlflow:
    input:
        metrics="results/{study}/metrics.csv",
        files=lambda wildcards: (
            plans[wildcards.study].trained_files("model.safetensors")
            + plans[wildcards.study].trained_files("history.csv")
            + plans[wildcards.study].predictions()
        ),
    output:
        ids="results/{study}/mlflow.json",
    log:
        "results/{study}/mlflow.log",
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    params:
        settings=lambda wildcards: plans[wildcards.study].study.model_dump(mode="json"),
        code=code_of("log_mlflow"),
    script:
        "../../scripts/log_mlflow.py"
