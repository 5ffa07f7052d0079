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


ANALYSIS = "results/digits/{dataset}/{model}/analysis"


rule analyse_circuit:
    input:
        program="results/digits/{dataset}/{model}/program.json",
        calibration=analysis_calibration,
    output:
        sentences=f"{ANALYSIS}/sentences.json",
        zx_before=report(f"{ANALYSIS}/zx_before.svg", caption="../report/zx.rst", category="Circuits"),
        zx_after=report(f"{ANALYSIS}/zx_after.svg", caption="../report/zx.rst", category="Circuits"),
        fourier_figure=f"{ANALYSIS}/fourier.svg",
        by_qubits=f"{ANALYSIS}/gradients_by_qubits.svg",
        by_depth=f"{ANALYSIS}/gradients_by_depth.svg",
        fourier=f"{ANALYSIS}/fourier.csv",
        trainability=f"{ANALYSIS}/gradients.csv",
    log:
        f"{ANALYSIS}/analysis.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        circuit=lambda wildcards: circuit_of("digits", wildcards.model),
        draws=settings.digits.analysis.draws,
        pairs=settings.digits.analysis.pairs,
        qubits=settings.digits.analysis.qubits,
        depths=settings.digits.analysis.depths,
        seed=settings.digits.analysis.seed,
        code=closure_digest("analyse_circuit"),
    script:
        "../../scripts/analyse_circuit.py"
