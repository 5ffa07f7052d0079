HARDWARE = f"{RUN}/hardware-{{backend}}"


localrules:
    calibrate,
    submit,
    collect,
    jobs,


rule calibrate:
    output:
        calibration="results/{study}/calibrations/{backend}.json",
    log:
        "results/{study}/calibrations/{backend}.log",
    wildcard_constraints:
        backend=any_of(machines),
    conda:
        "../../environment.yml"
    threads: 1
    params:
        machine=machine_of,
        code=code_of("calibrate"),
    script:
        "../../scripts/calibrate.py"


rule submit:
    input:
        samples=asks("samples", "dataset", "model", "seed"),
        model=f"{RUN}/model.safetensors",
        circuit="results/{study}/{dataset}/{model}/compiled/{backend}/program.qpy",
        program="results/{study}/{dataset}/{model}/compiled/{backend}/program.json",
        calibration=calibration_of,
    output:
        submission=f"{HARDWARE}/submission.json",
        calibration=f"{HARDWARE}/calibration.json",
    log:
        f"{HARDWARE}/submission.log",
    wildcard_constraints:
        model=QUANTUM,
        backend=REAL,
    conda:
        "../../environment.yml"
    threads: 1
    params:
        machine=machine_of,
        shots=of_study("execution", "shots"),
        subset=of_study("execution", "subset"),
        seed=of_study("execution", "seed"),
        mitigation=of_study("execution", "mitigation"),
    script:
        "../../scripts/submit.py"


rule collect:
    input:
        samples=asks("samples", "dataset", "model", "seed"),
        model=f"{RUN}/model.safetensors",
        circuit="results/{study}/{dataset}/{model}/compiled/{backend}/program.qpy",
        program="results/{study}/{dataset}/{model}/compiled/{backend}/program.json",
        calibration=calibration_of,
        submission=f"{HARDWARE}/submission.json",
    output:
        predictions=f"{HARDWARE}/predictions.h5",
        counts=f"{HARDWARE}/counts.h5",
    log:
        f"{HARDWARE}/predictions.log",
    wildcard_constraints:
        model=QUANTUM,
        backend=REAL,
    conda:
        "../../environment.yml"
    threads: 1
    params:
        machine=machine_of,
        shots=of_study("execution", "shots"),
        subset=of_study("execution", "subset"),
        seed=of_study("execution", "seed"),
        mitigation=of_study("execution", "mitigation"),
        code=code_of("collect"),
    script:
        "../../scripts/collect.py"


rule jobs:
    log:
        "results/jobs.log",
    conda:
        "../../environment.yml"
    threads: 1
    shell:
        "python -m hqnn.execution.machines.jobs 2>&1 | tee {log}"
