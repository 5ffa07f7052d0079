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
        file=raw_data,
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


# The results of a job are as many as it has seeds, so each split of a study has a rule for each group of its seeds.
for several in [plan for plan in plans.values() if plan.study.kind == "table" and plan.study.seeds_a_job > 1]:
    for split, group in product(several.study.splits, several.seed_groups()):
        dataset = f"{several.data}-{split.name}"

        rule:
            name:
                f"split_together_{several.name}_{dataset}_{group[0]}"
            input:
                samples=several.table,
            output:
                splits=expand(f"results/{several.name}/{dataset}/seed{{seed}}/split.h5", seed=group),
                features=expand(f"results/{several.name}/{dataset}/seed{{seed}}/features.h5", seed=group),
            log:
                f"results/{several.name}/{dataset}/split_{group[0]}.log",
            conda:
                "../../environment.yml"
            threads: 1
            resources:
                mem_mb=memory(LIGHT_MB, 4),
            params:
                seeds=group,
                split=several.split(split.name),
                features=several.study.features.model_dump(),
                code=code_of("split_together"),
            script:
                "../../scripts/split_together.py"
