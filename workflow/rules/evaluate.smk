from hqnn.settings.layer import layer_runs, layer_samples, layer_tables


rule evaluate:
    input:
        samples=asks("scored_with"),
        predictions=asks("predictions"),
        histories=lambda wildcards: plans[wildcards.study].trained_files("history.csv"),
        models=lambda wildcards: plans[wildcards.study].trained_files("model.safetensors"),
        curves=lambda wildcards: curve_tables(plans[wildcards.study]),
        published=published_of,
        more=asks("more_scores"),
    output:
        metrics="results/{study}/metrics.csv",
    log:
        "results/{study}/metrics.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(LIGHT_MB, 4),
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
        parquet="results/metrics.parquet",
    log:
        "results/metrics.log",
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(LIGHT_MB),
    params:
        code=code_of("collect_metrics"),
    script:
        "../../scripts/collect_metrics.py"


rule explain_layer:
    input:
        samples=lambda wildcards: sorted(
            {
                file
                for files in layer_samples(plans[wildcards.study], wildcards.dataset, wildcards.model)
                for file in files
            }
        ),
        models=lambda wildcards: [
            f"{run.folder}/model.safetensors"
            for run in layer_runs(plans[wildcards.study], wildcards.dataset, wildcards.model)
        ],
    output:
        table="results/{study}/{dataset}/{model}/layer.csv",
    log:
        "results/{study}/{dataset}/{model}/layer.log",
    wildcard_constraints:
        model=QUANTUM,
    conda:
        "../../environment.yml"
    threads: 1
    params:
        seeds=lambda wildcards: [
            run.seed for run in layer_runs(plans[wildcards.study], wildcards.dataset, wildcards.model)
        ],
        samples=lambda wildcards: layer_samples(plans[wildcards.study], wildcards.dataset, wildcards.model),
        most=of_study("layer", "samples"),
        draws=of_study("layer", "draws"),
        seed=of_study("layer", "seed"),
        memory_limit_mb=settings.engine.memory_limit_mb,
        code=code_of("explain_layer"),
    script:
        "../../scripts/explain_layer.py"
