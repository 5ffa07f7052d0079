def datasets(study):
    """Names of a study's data sets, with the split where there are several."""
    return [f"{data}-{split.name}" for split in getattr(settings, study).splits] if study in TRANSFER else [data]


def models(study):
    """Names of a study's quantum models."""
    section = getattr(settings, study)
    return [f"{b}-{m}" for b in section.backbones for m in section.models] if study in TRANSFER else section.models


def phases(study):
    """Folder names of the training phases; all but the first are for one backend each."""
    native = [phase for phase in getattr(settings, study).phases if phase != "ideal"]
    return ["ideal", *(f"{phase}-{backend}" for phase in native for backend in backends)]


def execution_paths(phase):
    """Folder names of the paths by which a phase's model runs: on its own backend, or on all."""
    own = phase.split("-")[1:] or list(backends)
    simulated = [path for path in ("exact", "shots") if path in settings.execution.paths]
    native = [path for path in ("noisy", "hardware") if path in settings.execution.paths]
    return [*simulated, *(f"{path}-{backend}" for path in native for backend in own)]


def quantum_runs(study):
    """Folders of the training runs of a study's quantum models, and the paths by which each is executed."""
    section = getattr(settings, study)
    trainers = getattr(section, "trainers", {})
    return [
        (f"results/{study}/{dataset}/{model}/{phase}/seed{seed}", paths)
        for dataset in datasets(study)
        for model in models(study)
        for phase, seeds, paths in [
            *((phase, settings.seeds, execution_paths(phase)) for phase in phases(study)),
            *((f"ideal-{name}", section.trainer_seeds or settings.seeds, ["exact"]) for name in trainers),
        ]
        for seed in seeds
    ]


def classical_runs(study):
    """Folders of the training runs of a study's classical networks, small kernels apart."""
    section = getattr(settings, study)
    if study in TRANSFER:
        twins = [f"{backbone}-{twin}" for backbone in section.backbones for twin in section.twins]
    else:
        twins = getattr(section, "twins", ())
    return expand(
        "results/{study}/{dataset}/{twin}/ideal/seed{seed}",
        study=study,
        dataset=datasets(study),
        twin=twins,
        seed=settings.seeds,
    )


def quanv_seeds():
    """Seeds of the training runs of small kernels."""
    return settings.digits.quanv.seeds or settings.seeds


def kernel_runs(study):
    """Folders of the training runs of small kernels, quantum or not; each is executed exactly."""
    quanv = settings.digits.quanv
    if study != "digits" or not quanv.kernels:
        return []
    return expand(
        "results/digits/{data}-{draw}/{model}/ideal/seed{seed}",
        data=data,
        draw=[draw.name for draw in quanv.draws],
        model=[*(kernel.name for kernel in quanv.kernels), *quanv.twins],
        seed=quanv_seeds(),
    )


def executed_kernels(study):
    """Predictions of the first quanvolutional net by every other path than the exact one."""
    quanv = settings.digits.quanv
    if study != "digits" or not quanv.kernels:
        return []
    run = f"results/digits/{data}-{quanv.draws[0].name}/{quanv.kernels[0].name}/ideal/seed{quanv_seeds()[0]}"
    return [f"{run}/{path}/predictions.h5" for path in execution_paths("ideal") if path != "exact"]


def baseline_predictions(study):
    """Predictions of study A's classical references; one that is not trained has no seeds."""
    if study != "change":
        return []
    return [
        f"results/change/{data}/{baseline}/ideal/seed{seed}/exact/predictions.h5"
        for baseline in change.baselines
        for seed in (settings.seeds[:1] if baseline == "change_vector" else settings.seeds)
    ]


def run_files(study, name):
    """The files called so of all a study's training runs."""
    return [
        f"{run}/{name}"
        for run in [*(run for run, _ in quantum_runs(study)), *classical_runs(study), *kernel_runs(study)]
    ]


def predictions(study):
    """Every predictions file of a study."""
    return [
        *(f"{run}/{path}/predictions.h5" for run, paths in quantum_runs(study) for path in paths),
        *(f"{run}/exact/predictions.h5" for run in [*classical_runs(study), *kernel_runs(study)]),
        *executed_kernels(study),
        *baseline_predictions(study),
    ]


def explained(name):
    """The files called so of every quantum model of study A on every backend, where the device is to be explained."""
    if not settings.explanation.enabled:
        return []
    return expand(
        "results/change/{dataset}/{model}/explained/{backend}/{name}",
        dataset=datasets("change"),
        model=models("change"),
        backend=list(backends),
        name=name,
    )


def first_runs(study, name):
    """The files called so of the first training run of every quantum model."""
    return expand(
        "results/{study}/{dataset}/{model}/ideal/seed{seed}/{name}",
        study=study,
        dataset=datasets(study),
        model=models(study),
        seed=settings.seeds[0],
        name=name,
    )


def artefacts(study):
    """What the page shows beside tables: maps, scores, pictures."""
    if study == "change":
        return [*first_runs(study, "maps"), *explained("ablation.csv")]
    if study == "digits":
        return [f"results/digits/{data}/samples.h5", *analyses(), *kernel_circuits()]
    return [
        f"results/{study}/{data}/samples.h5",
        *expand(
            "results/{study}/{data}/{backbone}/features.h5",
            study=study,
            data=data,
            backbone=getattr(settings, study).backbones,
        ),
        *(first_runs(study, "bitstrings.csv") if study == "masks" else []),
        *first_runs(study, "model.safetensors"),
        *trained_elsewhere(study),
        *expand(
            "results/{study}/{dataset}/seed{seed}/split.h5", study=study, dataset=datasets(study), seed=settings.seeds
        ),
    ]


def trained_elsewhere(study):
    """The model of the first run of every other trainer; it says how many circuits were run."""
    section = getattr(settings, study)
    return expand(
        "results/{study}/{dataset}/{model}/ideal-{trainer}/seed{seed}/model.safetensors",
        study=study,
        dataset=datasets(study),
        model=models(study),
        trainer=section.trainers,
        seed=(section.trainer_seeds or settings.seeds)[0],
    )


def kernel_circuits():
    """The circuits of study C, as traced."""
    quanv = settings.digits.quanv
    kernels = [(f"{data}-{draw.name}", kernel.name) for draw in quanv.draws for kernel in quanv.kernels]
    circuits = [*((data, model) for model in settings.digits.models), *kernels]
    return [f"results/digits/{dataset}/{model}/program.json" for dataset, model in circuits]


def analyses():
    """What the circuits of study C say without any data."""
    quanv = settings.digits.quanv
    kernels = [(f"{data}-{quanv.draws[0].name}", kernel.name) for kernel in quanv.kernels[:1]]
    circuits = [*((data, model) for model in settings.digits.models), *kernels]
    names = ("sentences.json", "zx_before.svg", "zx_after.svg", "fourier.svg", "gradients_by_qubits.svg")
    return [
        f"results/digits/{dataset}/{model}/analysis/{name}"
        for dataset, model in (circuits if settings.digits.analysis.enabled else [])
        for name in (*names, "gradients_by_depth.svg")
    ]


KERNEL_RUN = "results/{{study}}/{{dataset}}/{{model}}/ideal/seed{seed}"


def whole_set(wildcards):
    """The images that a draw is of."""
    return f"results/digits/{wildcards.dataset.split('-')[0]}/samples.h5"


def kernel_program(wildcards):
    """The traced circuit of a small kernel, where it is one."""
    quantum = wildcards.model.startswith("quanv")
    return f"results/digits/{wildcards.dataset}/{wildcards.model}/program.json" if quantum else []


def draw_of(wildcards):
    """How small subsets are drawn."""
    draws = {draw.name: draw for draw in settings.digits.quanv.draws}
    return asked_for(wildcards.draw, draws, "digits.quanv.draws")


for study in settings.studies:
    if not predictions(study):
        sys.exit(f"config: study {study} has no model that runs by any path; name one, or take it out of studies")
