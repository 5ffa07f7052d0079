from hqnn.data.choice import check_choice

CATALOGUE = f"{RESOURCES}/datasets.yaml"

try:
    for plan in plans.values():
        if plan.study.data.source == "download":
            check_choice(CATALOGUE, plan)
except UserError as error:
    sys.exit(f"config: {error}")


rule sample_data:
    output:
        folder=directory("results/raw/sample_{set}_{seed}"),
    log:
        "results/raw/sample_{set}_{seed}.log",
    wildcard_constraints:
        set="[a-z]+",
    cache: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(LIGHT_MB),
    params:
        set=lambda wildcards: wildcards.set,
        seed=lambda wildcards: int(wildcards.seed),
        code=code_of("sample_data"),
    script:
        "../../scripts/sample_data.py"


rule download_data:
    input:
        datasets=CATALOGUE,
    output:
        folder=directory("results/raw/{set}"),
    log:
        "results/raw/download_{set}.log",
    wildcard_constraints:
        set=any_of(plan.fetched_set for plan in plans.values() if plan.study.data.source == "download"),
    cache: True
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(LIGHT_MB),
    params:
        name=lambda wildcards: wildcards.set,
        archives=lambda wildcards: f"results/raw/archives/{wildcards.set}",
        code=code_of("download_data"),
    script:
        "../../scripts/download_data.py"
