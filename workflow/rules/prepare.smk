rule prepare_oscd:
    input:
        raw=raw_pairs,
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
        dataset=data,
        root=raw_folder("oscd"),
        train=change.train_cities,
        test=change.test_cities,
        features=change.features.model_dump(),
        code=closure_digest("prepare_oscd"),
    script:
        "../../scripts/prepare_oscd.py"


rule prepare_images:
    input:
        raw=raw_photos,
    output:
        samples="results/{study}/{data}/samples.h5",
    log:
        "results/{study}/{data}/samples.log",
    wildcard_constraints:
        study="masks|cracks",
    cache: True
    conda:
        "../../environment.yml"
    threads: 1
    params:
        root=lambda wildcards: os.path.join(raw_folder(wildcards.study), of_study(wildcards).images.folder),
        images=images_of,
        patches=patches_of,
        grouping=groups_of,
        about=about_samples,
        code=closure_digest("prepare_images"),
    script:
        "../../scripts/prepare_images.py"


rule split_images:
    input:
        samples="results/{study}/{data}/samples.h5",
    output:
        split="results/{study}/{data}-{split}/seed{seed}/split.h5",
    log:
        "results/{study}/{data}-{split}/seed{seed}/split.log",
    wildcard_constraints:
        study="masks|cracks",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        split=split_of,
        code=closure_digest("split_images"),
    script:
        "../../scripts/split_images.py"


rule extract_features:
    input:
        samples="results/{study}/{data}/samples.h5",
        weights=backbone_file,
    output:
        features="results/{study}/{data}/{backbone}/features.h5",
    log:
        "results/{study}/{data}/{backbone}/features.log",
    wildcard_constraints:
        study="masks|cracks",
    cache: True
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        mem_mb=2500,
    params:
        backbone=lambda wildcards: wildcards.backbone,
        weights=backbone_weights,
        views=lambda wildcards: of_study(wildcards).views,
        augmentation=lambda wildcards: of_study(wildcards).augmentation.model_dump(),
        batch_size=32,
        seed=settings.data.seed,
        code=closure_digest("extract_features"),
    script:
        "../../scripts/extract_features.py"


rule prepare_digits:
    input:
        raw=raw_digits,
    output:
        samples="results/{study}/{data}/samples.h5",
    log:
        "results/{study}/{data}/samples.log",
    wildcard_constraints:
        study="digits",
    cache: True
    conda:
        "../../environment.yml"
    threads: 1
    params:
        root=raw_folder("digits"),
        listing=listing_digest,
        about=about_samples,
        images=settings.digits.images.model_dump(exclude={"dataset"}),
        code=closure_digest("prepare_digits"),
    script:
        "../../scripts/prepare_digits.py"


rule draw_digits:
    input:
        samples="results/digits/{data}/samples.h5",
    output:
        draw="results/digits/{data}-{draw}/seed{seed}/draw.h5",
    log:
        "results/digits/{data}-{draw}/seed{seed}/draw.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        draw=draw_of,
        code=closure_digest("draw_digits"),
    script:
        "../../scripts/draw_digits.py"
