rule evaluate:
    input:
        samples=asks("scored_with"),
        predictions=asks("predictions"),
        histories=lambda wildcards: plans[wildcards.study].trained_files("history.csv"),
        models=lambda wildcards: plans[wildcards.study].trained_files("model.safetensors"),
        published=published_of,
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


def gathered(name):
    """The files called so of the studies that run, and of all that ran before."""
    ran = [path.as_posix() for path in Path("results").glob(f"*/{name}")]
    return sorted({*ran, *(f"{plan.folder}/{name}" for plan in plans.values())})


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
