rule compile:
    input:
        calibration=calibration_of,
    output:
        circuit="results/change/{dataset}/{model}/compiled/{backend}/program.qpy",
        program="results/change/{dataset}/{model}/compiled/{backend}/program.json",
    log:
        "results/change/{dataset}/{model}/compiled/{backend}/compile.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        qubits=change.qubits,
        observable=change.observable,
        layouts=settings.execution.layouts,
        seed=settings.execution.seed,
        code=closure_digest("compile"),
    script:
        "../../scripts/compile.py"
