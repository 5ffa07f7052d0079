rule prepare_oscd:
    input:
        raw=raw_files,
    output:
        samples="results/change/{dataset}/samples.h5",
    log:
        "results/change/{dataset}/samples.log",
    cache: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        dataset=dataset,
        root=RAW_FOLDERS[settings.data.source],
        train=change.train_cities,
        test=change.test_cities,
        features=change.features.model_dump(),
        code=closure_digest("prepare_oscd"),
    script:
        "../../scripts/prepare_oscd.py"
