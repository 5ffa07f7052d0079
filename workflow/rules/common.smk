from hqnn.circuits.names import parse_name
from hqnn.closure import closure_digest
from hqnn.errors import UserError
from hqnn.execution.backends import calibration_file
from hqnn.settings.model import read_settings

try:
    settings = read_settings(config)
    for name in settings.change.models:
        parse_name(name)
    for name in settings.execution.backends:
        calibration_file(name)
except UserError as error:
    sys.exit(f"config: {error}")

change = settings.change
dataset = settings.data.dataset


wildcard_constraints:
    study="[a-z]+",
    dataset=r"\w+",
    model=r"[a-z_]+-[a-z_]+-\d+(-[a-z]+)?",
    baseline="change_vector|logistic_regression|mlp",
    unet="unet_small|unet_full",
    phase=r"ideal|(device|noisy)-\w+",
    backend=r"\w+",
    seed=r"\d+",


RAW_FOLDERS = {
    "sample": "results/raw/sample_oscd",
    "download": "results/raw/oscd",
    "path": settings.data.path,
}


def raw_files(wildcards):
    """The raw data: the folder a rule makes, or each of the user's own files, so that a changed one is noticed."""
    if settings.data.source != "path":
        return RAW_FOLDERS[settings.data.source]
    root = Path(settings.data.path)
    files = sorted(str(file) for file in root.rglob("*") if file.suffix in (".tif", ".png", ".txt"))
    if not files:
        sys.exit(f"config: data.path is {str(root)!r}, which holds no .tif files; name the folder of the data set")
    return files


def calibration_of(wildcards):
    """The file that says what a backend's gates and noise are."""
    return os.path.relpath(calibration_file(wildcards.backend))


def samples_of(wildcards):
    """The tables of samples that a run reads."""
    return "results/{study}/{dataset}/samples.h5"


def circuit_name(wildcards):
    """The circuit of a model, as the library of circuits names it."""
    return wildcards.model


def circuit_inputs(wildcards):
    """How many numbers the circuit takes."""
    return change.qubits


def circuit_observables(wildcards):
    """What is measured."""
    return [change.observable]


def kind_of(wildcards):
    """The kind of a model's architecture."""
    return "pixel"


def options_of(wildcards):
    """What else decides a model's architecture."""
    return {"reading": change.reading}


def training_of(wildcards):
    """How a model is trained without noise."""
    return change.training.model_dump()


def fine_tuning_of(wildcards):
    """How a model is trained on from the phase before."""
    return change.fine_tuning.model_dump()


def unet_training(wildcards):
    """How a U-Net is fitted."""
    return getattr(change, wildcards.unet).model_dump()


def phases():
    """Folder names of the training phases; all but the first are for one backend each."""
    native = [phase for phase in change.phases if phase != "ideal"]
    return [
        "ideal",
        *(f"{phase}-{backend}" for phase in native for backend in settings.execution.backends),
    ]


def execution_paths(phase):
    """Folder names of the paths by which a phase's model runs: on its own backend, or on all."""
    own = phase.split("-")[1:] or settings.execution.backends
    simulated = [path for path in ("exact", "shots") if path in settings.execution.paths]
    native = [path for path in ("noisy", "hardware") if path in settings.execution.paths]
    return [*simulated, *(f"{path}-{backend}" for path in native for backend in own)]


def model_runs(name, phases):
    """The files called so of every training run of the quantum models."""
    return expand(
        "results/change/{dataset}/{model}/{phase}/seed{seed}/{name}",
        dataset=dataset,
        model=change.models,
        phase=phases,
        seed=settings.seeds,
        name=name,
    )


def model_predictions():
    """Predictions of every trained quantum model by every execution path of its phase."""
    return [
        file
        for phase in phases()
        for path in execution_paths(phase)
        for file in model_runs(f"{path}/predictions.h5", [phase])
    ]


def baseline_predictions():
    """Predictions of the classical references; one that is not trained has no seeds."""
    return [
        f"results/change/{dataset}/{baseline}/ideal/seed{seed}/exact/predictions.h5"
        for baseline in change.baselines
        for seed in (settings.seeds[:1] if baseline == "change_vector" else settings.seeds)
    ]


def map_folders():
    """Change maps of the first training run of every quantum model."""
    return [f"results/change/{dataset}/{model}/ideal/seed{settings.seeds[0]}/maps" for model in change.models]


def explained(name):
    """The files called so of every quantum model on every backend, where the device is to be explained."""
    if not settings.explanation.enabled:
        return []
    return expand(
        "results/change/{dataset}/{model}/explained/{backend}/{name}",
        dataset=dataset,
        model=change.models,
        backend=settings.execution.backends,
        name=name,
    )
