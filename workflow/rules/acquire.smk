RAW_FOLDERS = {
    "sample": "results/raw/sample_oscd",
    "download": "results/raw/oscd",
    "path": settings.data.path,
}


def raw_files(wildcards):
    """The raw data: the folder a rule makes, or each of the user's own files, so that a changed one is noticed."""
    if settings.data.source != "path":
        return RAW_FOLDERS[settings.data.source]
    root = Path(settings.data.path)
    files = sorted(
        str(file) for file in root.rglob("*") if file.suffix in (".tif", ".png", ".txt")
    )
    if not files:
        sys.exit(
            f"config: data.path is {str(root)!r}, which holds no .tif files; name the folder of the data set"
        )
    return files


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
