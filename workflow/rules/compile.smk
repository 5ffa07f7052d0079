rule trace_circuit:
    output:
        program="results/{study}/{dataset}/{model}/program.json",
    log:
        "results/{study}/{dataset}/{model}/program.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        circuit=lambda wildcards: circuit_of(wildcards.study, wildcards.model),
        inputs=circuit_inputs,
        observables=circuit_observables,
        code=closure_digest("trace_circuit"),
    script:
        "../../scripts/trace_circuit.py"


rule compile:
    input:
        program="results/{study}/{dataset}/{model}/program.json",
        calibration=calibration_of,
    output:
        circuit="results/{study}/{dataset}/{model}/compiled/{backend}/program.qpy",
        program="results/{study}/{dataset}/{model}/compiled/{backend}/program.json",
    log:
        "results/{study}/{dataset}/{model}/compiled/{backend}/compile.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        layouts=settings.execution.layouts,
        seed=settings.execution.seed,
        code=closure_digest("compile"),
    script:
        "../../scripts/compile.py"
