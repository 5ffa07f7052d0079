rule evaluate:
    input:
        samples=lambda wildcards: f"results/change/{data}/samples.h5" if wildcards.study == "change" else [],
        predictions=lambda wildcards: predictions(wildcards.study),
        histories=lambda wildcards: run_files(wildcards.study, "history.csv"),
        models=lambda wildcards: run_files(wildcards.study, "model.safetensors"),
        published="resources/published/{study}.csv",
    output:
        metrics="results/{study}/metrics.csv",
    log:
        "results/{study}/metrics.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        draws=settings.evaluation.draws,
        seed=settings.evaluation.seed,
        code=closure_digest("evaluate"),
    script:
        "../../scripts/evaluate.py"


rule collect_metrics:
    input:
        tables=expand("results/{study}/metrics.csv", study=settings.studies),
    output:
        metrics="results/metrics.csv",
    log:
        "results/metrics.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        code=closure_digest("collect_metrics"),
    script:
        "../../scripts/collect_metrics.py"
