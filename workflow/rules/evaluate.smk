rule evaluate:
    input:
        samples=asks("scored_with"),
        predictions=asks("predictions"),
        histories=lambda wildcards: plans[wildcards.study].trained_files("history.csv"),
        models=lambda wildcards: plans[wildcards.study].trained_files("model.safetensors"),
        published=published_of,
        more=asks("more_scores"),
    output:
        metrics="results/{study}/metrics.csv",
    log:
        "results/{study}/metrics.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        draws=of_study("evaluation", "draws"),
        seed=of_study("evaluation", "seed"),
        code=code_of("evaluate"),
    script:
        "../../scripts/evaluate.py"


rule collect_metrics:
    input:
        tables=gathered("metrics.csv"),
    output:
        metrics=report("results/metrics.csv", caption="../report/metrics.rst", category="Report"),
    log:
        "results/metrics.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        code=code_of("collect_metrics"),
    script:
        "../../scripts/collect_metrics.py"
