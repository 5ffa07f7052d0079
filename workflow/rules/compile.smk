rule trace_circuit:
    input:
        samples=table_of,
    output:
        program="results/{study}/{dataset}/{model}/program.json",
    log:
        "results/{study}/{dataset}/{model}/program.log",
    wildcard_constraints:
        model=QUANTUM,
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=memory(1200),
    params:
        circuit=lambda wildcards: plans[wildcards.study].circuit(wildcards.model).plain(),
        code=code_of("trace_circuit"),
    script:
        "../../scripts/trace_circuit.py"


use rule trace_circuit as trace_chosen with:
    input:
        samples=table_of,
        tuned="results/{study}/{dataset}/{model}/tuned/seed{seed}/settings.json",
    output:
        program="results/{study}/{dataset}/{model}/tuned/seed{seed}/program.json",
    log:
        "results/{study}/{dataset}/{model}/tuned/seed{seed}/program.log",


rule compile:
    input:
        program=lambda wildcards: plans[wildcards.study].first_program(wildcards.dataset, wildcards.model),
        calibration=calibration_of,
    output:
        circuit="results/{study}/{dataset}/{model}/compiled/{backend}/program.qpy",
        program="results/{study}/{dataset}/{model}/compiled/{backend}/program.json",
    log:
        "results/{study}/{dataset}/{model}/compiled/{backend}/compile.log",
    wildcard_constraints:
        model=QUANTUM,
        backend=f"(?!(?:{any_of(machines)})/)\\w+",
    cache: True
    conda:
        "../../environment.yml"
    threads: 1
    params:
        calibration=contents_of(calibration_of),
        layouts=of_study("execution", "layouts"),
        seed=of_study("execution", "seed"),
        code=code_of("compile"),
    script:
        "../../scripts/compile.py"


# What a machine says of itself today is in no key of a cache.
use rule compile as compile_for_machine with:
    wildcard_constraints:
        model=QUANTUM,
        backend=any_of(machines),
    cache: False
