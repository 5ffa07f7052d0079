from hqnn.settings.pixels.plan import UNETS

PIXEL_RUN = "results/{study}/{dataset}/{model}/{phase}/seed{seed}"
NEW_MAPS = f"{PIXEL_RUN}/predicted/{{asked}}"
EXPLAINED = "results/{study}/{dataset}/{model}/explained/{backend}"


rule prepare_pixels:
    input:
        raw=raw_input,
    output:
        samples="results/{study}/{data}/samples.h5",
    log:
        "results/{study}/{data}/samples.log",
    wildcard_constraints:
        study=studies_of("pixels"),
    cache: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(1500),
    params:
        root=raw_data,
        listing=listing_of,
        about=about_samples,
        scenes=asks("scenes"),
        within=of_study("within"),
        features=asks("features"),
        code=code_of("prepare_pixels"),
    script:
        "../../scripts/prepare_pixels.py"


rule fit_unet:
    input:
        raw=raw_input,
        samples="results/{study}/{dataset}/samples.h5",
    output:
        predictions="results/{study}/{dataset}/{model}/ideal/seed{seed}/exact/predictions.h5",
    log:
        "results/{study}/{dataset}/{model}/ideal/seed{seed}/exact/predictions.log",
    wildcard_constraints:
        study=studies_of("pixels"),
        model=any_of(UNETS),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(2500),
    params:
        root=raw_data,
        scenes=asks("scenes"),
        training=asks("unet_training", "model"),
        code=code_of("fit_unet"),
    script:
        "../../scripts/fit_unet.py"


rule map_scenes:
    input:
        raw=raw_input,
        samples="results/{study}/{dataset}/samples.h5",
        model=f"{PIXEL_RUN}/model.safetensors",
    output:
        folder=report(
            directory(f"{PIXEL_RUN}/maps"),
            patterns=["{scene}.png"],
            caption="../report/map.rst",
            category="Maps",
        ),
    log:
        f"{PIXEL_RUN}/maps.log",
    wildcard_constraints:
        study=studies_of("pixels"),
        model=QUANTUM,
    conda:
        "../../environment.yml"
    threads: 1
    params:
        root=raw_data,
        scenes=asks("scenes"),
        memory_limit_mb=settings.engine.memory_limit_mb,
        code=code_of("map_scenes"),
    script:
        "../../scripts/map_scenes.py"


checkpoint list_new_scenes:
    input:
        samples="results/{study}/{dataset}/samples.h5",
    output:
        scenes="results/{study}/{dataset}/new/{new}.json",
    log:
        "results/{study}/{dataset}/new/{new}.log",
    wildcard_constraints:
        study=studies_of("pixels"),
        new=r"\w+",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(LIGHT_MB),
    params:
        place=lambda wildcards: settings.new[wildcards.new],
        listing=lambda wildcards: listing_digest(settings.new[wildcards.new]),
        reading=of_study("scenes"),
        code=code_of("list_new_scenes"),
    script:
        "../../scripts/list_new_scenes.py"


rule map_new_scene:
    input:
        model=f"{PIXEL_RUN}/model.safetensors",
        samples="results/{study}/{dataset}/samples.h5",
        native=native_files,
        listed=ancient(listed_scenes),
    output:
        folder=directory(f"{NEW_MAPS}.scenes/{{scene}}"),
    log:
        f"{NEW_MAPS}.scenes/{{scene}}.log",
    wildcard_constraints:
        study=studies_of("pixels"),
        model=f"{QUANTUM}|{TWINS}",
        asked=r"[\w-]+",
        scene="[^/]+",
    conda:
        "../../environment.yml"
    threads: threads_of_scene
    resources:
        mem_mb=memory(2000),
    params:
        place=lambda wildcards: new_data(wildcards).place,
        files=lambda wildcards: scene_of(wildcards).get("digest"),
        path=lambda wildcards: new_data(wildcards).path,
        reading=of_study("scenes"),
        shots=of_study("execution", "shots"),
        seed=of_study("execution", "seed"),
        memory_limit_mb=settings.engine.memory_limit_mb,
        trajectories=of_study("execution", "trajectories"),
        noise=of_study("execution", "noise"),
        code=code_of("map_new_scene"),
    script:
        "../../scripts/map_new_scene.py"


rule gather_new_maps:
    input:
        maps=maps_of_new_scenes,
    output:
        folder=directory(NEW_MAPS),
    log:
        f"{NEW_MAPS}.log",
    wildcard_constraints:
        study=studies_of("pixels"),
        model=f"{QUANTUM}|{TWINS}",
        asked=r"[\w-]+",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(LIGHT_MB),
    params:
        code=code_of("gather_new_maps"),
    script:
        "../../scripts/gather_new_maps.py"


rule score_every_pixel:
    input:
        raw=raw_input,
        samples="results/{study}/{dataset}/samples.h5",
        models=asks("scored_models", "dataset"),
        tuned=asks("tuned_references", "dataset"),
    output:
        metrics="results/{study}/{dataset}/every_pixel.csv",
    log:
        "results/{study}/{dataset}/every_pixel.log",
    wildcard_constraints:
        study=studies_of("pixels"),
    conda:
        "../../environment.yml"
    threads: 1
    params:
        root=raw_data,
        scenes=asks("scenes"),
        references=asks("scored_references", "dataset"),
        balanced=of_study("training", "balanced"),
        memory_limit_mb=settings.engine.memory_limit_mb,
        code=code_of("score_every_pixel"),
    script:
        "../../scripts/score_every_pixel.py"


rule explain_device:
    input:
        samples="results/{study}/{dataset}/samples.h5",
        models=asks("ideal_models", "dataset", "model"),
        program="results/{study}/{dataset}/{model}/compiled/{backend}/program.json",
        calibration=calibration_of,
        published=published_of,
    output:
        scores=f"{EXPLAINED}/ablation.csv",
        figure=report(
            f"{EXPLAINED}/ablation.png",
            caption="../report/ablation.rst",
            category="Why the device differs",
        ),
        answers=f"{EXPLAINED}/ablation.md",
    log:
        f"{EXPLAINED}/ablation.log",
    wildcard_constraints:
        study=studies_of("pixels"),
        model=QUANTUM,
    conda:
        "../../environment.yml"
    threads: 1
    params:
        calibration=contents_of(calibration_of),
        seeds=of_study("seeds"),
        shots=of_study("execution", "shots"),
        few_shots=of_study("explanation", "few_shots"),
        draws=of_study("explanation", "draws"),
        seed=of_study("execution", "seed"),
        noise=of_study("execution", "noise"),
        code=code_of("explain_device"),
    script:
        "../../scripts/explain_device.py"
