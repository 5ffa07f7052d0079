EXPLAINED = "results/change/{dataset}/{model}/explained/{backend}"


rule explain_device:
    input:
        samples="results/change/{dataset}/samples.h5",
        models=expand(
            "results/change/{{dataset}}/{{model}}/ideal/seed{seed}/model.safetensors",
            seed=settings.seeds,
        ),
        program="results/change/{dataset}/{model}/compiled/{backend}/program.json",
        calibration=calibration_of,
        published="resources/published/change.csv",
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
    conda:
        "../../environment.yml"
    threads: 1
    params:
        seeds=settings.seeds,
        shots=settings.execution.shots,
        few_shots=settings.explanation.few_shots,
        draws=settings.explanation.draws,
        seed=settings.execution.seed,
        code=closure_digest("explain_device"),
    script:
        "../../scripts/explain_device.py"
