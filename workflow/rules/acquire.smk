rule sample_oscd:
    output:
        folder=directory(RAW_FOLDERS["sample"]),
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
        folder=directory(RAW_FOLDERS["download"]),
    log:
        "results/raw/download_oscd.log",
    cache: True
    conda:
        "../../environment.yml"
    threads: 1
    params:
        archives="results/raw/archives",
        code=closure_digest("download_oscd"),
    script:
        "../../scripts/download_oscd.py"
