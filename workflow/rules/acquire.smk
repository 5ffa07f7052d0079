from hqnn.data.choice import check_choice

try:
    for study in settings.studies if settings.data.source == "download" else ():
        if study in TRANSFER:
            check_choice("resources/datasets.yaml", study, getattr(settings, study).images)
except UserError as error:
    sys.exit(f"config: {error}")


rule sample_oscd:
    output:
        folder=directory("results/raw/sample_oscd"),
    log:
        "results/raw/sample_oscd.log",
    cache: True
    conda:
        "../../environment.yml"
    threads: 1
    params:
        seed=settings.data.seed,
        code=closure_digest("sample_oscd"),
    script:
        "../../scripts/sample_oscd.py"


rule download_oscd:
    input:
        datasets="resources/datasets.yaml",
    output:
        folder=directory("results/raw/oscd"),
    log:
        "results/raw/download_oscd.log",
    cache: True
    conda:
        "../../environment.yml"
    threads: 1
    params:
        archives="results/raw/archives/oscd",
        code=closure_digest("download_oscd"),
    script:
        "../../scripts/download_oscd.py"


rule sample_images:
    output:
        folder=directory("results/raw/sample_{study}"),
    log:
        "results/raw/sample_{study}.log",
    wildcard_constraints:
        study="masks|cracks",
    cache: True
    conda:
        "../../environment.yml"
    threads: 1
    params:
        kind=lambda wildcards: wildcards.study,
        seed=settings.data.seed,
        code=closure_digest("sample_images"),
    script:
        "../../scripts/sample_images.py"


rule sample_digits:
    output:
        folder=directory("results/raw/sample_digits"),
    log:
        "results/raw/sample_digits.log",
    cache: True
    conda:
        "../../environment.yml"
    threads: 1
    params:
        code=closure_digest("sample_digits"),
    script:
        "../../scripts/sample_digits.py"


rule download_images:
    input:
        datasets="resources/datasets.yaml",
    output:
        folder=directory("results/raw/{study}"),
    log:
        "results/raw/download_{study}.log",
    wildcard_constraints:
        study="masks|cracks|digits",
    cache: True
    conda:
        "../../environment.yml"
    threads: 1
    params:
        name=lambda wildcards: of_study(wildcards).images.dataset,
        archives=lambda wildcards: f"results/raw/archives/{of_study(wildcards).images.dataset}",
        code=closure_digest("download_images"),
    script:
        "../../scripts/download_images.py"
