import hashlib

from hqnn.circuits.names import parse_name
from hqnn.closure import closure_digest
from hqnn.errors import UserError, nearest
from hqnn.execution.backends import calibration_file, calibration_files
from hqnn.settings.images.keys import kernel_circuit
from hqnn.settings.model import read_settings

try:
    settings = read_settings(config)
    for name in (name for study in settings.studies for name in getattr(settings, study).circuits):
        parse_name(name)
    backends = calibration_files(settings.execution.backends)
    analysis_calibration = os.path.relpath(calibration_file(settings.digits.analysis.backend))
except UserError as error:
    sys.exit(f"config: {error}")

change = settings.change
data = settings.dataset
TRANSFER = ("masks", "cracks")
CIRCUIT = r"[a-z_]+-[a-z_]+-\d+(-[a-z_]+)*"


wildcard_constraints:
    study="[a-z]+",
    data=data,
    split=r"\w+",
    dataset=rf"{data}(-\w+)?",
    backbone="[a-z0-9_]+",
    model=rf"([a-z0-9_]+-)?{CIRCUIT}|parallel|quanv(-[a-z_]+)+",
    baseline="change_vector|logistic_regression|mlp",
    unet="unet_small|unet_full",
    head=r"[a-z0-9_]+-(linear|mlp)|parallel_twin|cnn[14]?",
    phase=r"ideal(-[a-z_]+)?|(device|noisy)-\w+",
    trainer="[a-z_]+",
    backend=r"\w+",
    seed=r"\d+",


def of_study(wildcards):
    """The settings of a study."""
    return getattr(settings, wildcards.study)


def raw_folder(kind):
    """Where the raw data of a kind lie: in a folder that a rule makes, or in the user's."""
    return {
        "sample": f"results/raw/sample_{kind}",
        "download": f"results/raw/{kind}",
        "path": settings.data.path,
    }[settings.data.source]


def own_files(*suffixes):
    """Each of the user's own files, so that a changed one is noticed."""
    root = Path(settings.data.path)
    if not root.is_dir():
        sys.exit(f"config: data.path is {str(root)!r}, which is no folder; name the folder of the data set")
    files = sorted(str(file) for file in root.rglob("*") if file.suffix.lower() in suffixes)
    if not files:
        sys.exit(
            f"config: data.path is {str(root)!r}, which holds no {suffixes[0]} files; name the folder of the data set"
        )
    return files


def raw_pairs(wildcards):
    """The raw data of study A."""
    return own_files(".tif", ".png", ".txt") if settings.data.source == "path" else raw_folder("oscd")


def raw_photos(wildcards):
    """The raw data of studies B and D."""
    if settings.data.source != "path":
        return raw_folder(wildcards.study)
    return own_files(".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".csv")


def raw_digits(wildcards):
    """The raw data of study C: a folder, since it may hold tens of thousands of files."""
    return raw_folder("digits")


def listing_digest(wildcards):
    """What tells one state of the user's own folder from another: names, sizes and times of all its files."""
    if settings.data.source != "path":
        return ""
    sha = hashlib.sha256()
    for folder, _, names in sorted(os.walk(settings.data.path)):
        for name in sorted(names):
            state = os.stat(os.path.join(folder, name))
            sha.update(f"{folder}/{name} {state.st_size} {state.st_mtime_ns}\n".encode())
    return sha.hexdigest()


def calibration_of(wildcards):
    """The file that says what a backend's gates and noise are."""
    return os.path.relpath(backends.get(wildcards.backend) or calibration_file(wildcards.backend))


def samples_of(wildcards):
    """The tables of samples that a run reads, row beside row."""
    study, dataset = wildcards.study, wildcards.dataset
    if study == "digits" and "-" in dataset:
        return [
            f"results/digits/{dataset}/seed{wildcards.seed}/draw.h5",
            f"results/digits/{dataset.split('-')[0]}/samples.h5",
        ]
    if study not in TRANSFER:
        return [f"results/{study}/{dataset}/samples.h5"]
    return [
        f"results/{study}/{dataset.split('-')[0]}/{name_of(wildcards).split('-')[0]}/features.h5",
        f"results/{study}/{dataset}/seed{wildcards.seed}/split.h5",
    ]


def about_samples(wildcards):
    """What the path of a table of samples says; the table says it, too."""
    return {"study": wildcards.study, "dataset": wildcards.data}


def images_of(wildcards):
    """How images are read."""
    return of_study(wildcards).images.model_dump(include={"classes", "fit", "unreadable", "duplicates", "similarity"})


def patches_of(wildcards):
    """How large images are cut; nothing where there are none."""
    images = of_study(wildcards).images
    return images.patches.model_dump() if images.layout == "masked" else None


def groups_of(wildcards):
    """Which table says what belongs together, where there is one."""
    groups = of_study(wildcards).images.groups
    return groups.model_dump() if groups.table else None


def asked_for(name, sections, key):
    """What the config says under a name in a path."""
    if name not in sections:
        raise UserError(f"{key} has no {name!r}, which the path that is asked for names{nearest(name, sections)}")
    return sections[name].model_dump()


def split_of(wildcards):
    """How a set is parted."""
    sections = {split.name: split for split in of_study(wildcards).splits}
    return asked_for(wildcards.split, sections, f"{wildcards.study}.splits")


def backbone_weights(wildcards):
    """Which weights a backbone has."""
    return of_study(wildcards).weights.get(wildcards.backbone, "random")


def backbone_file(wildcards):
    """The file of a backbone's weights, where it is one of the user's."""
    weights = backbone_weights(wildcards)
    return [] if weights in ("random", "imagenet") else weights


def circuit_of(study, model):
    """The circuit of a model, as the library of circuits names it."""
    if model == "parallel":
        return settings.digits.parallel.circuit
    if study == "digits":
        return kernel_circuit(model)
    return model.split("-", 1)[1] if study in TRANSFER else model


def circuit_inputs(wildcards):
    """How many numbers the circuit takes."""
    if wildcards.model == "parallel":
        return settings.digits.parallel.qubits
    return settings.digits.quanv.kernel**2 if wildcards.study == "digits" else of_study(wildcards).qubits


def circuit_observables(wildcards):
    """What is measured: Z of every wire where nothing is named."""
    if wildcards.model == "parallel":
        return [f"Y{wire}" for wire in range(settings.digits.parallel.qubits)]
    return [change.observable] if wildcards.study == "change" else []


def name_of(wildcards):
    """The model, quantum or not, that a path names."""
    return wildcards.get("model") or wildcards.head


def kind_of(wildcards):
    """The kind of a model's architecture."""
    name = name_of(wildcards)
    if wildcards.study == "digits":
        return name.split("-")[0]
    if "head" in wildcards.keys():
        return name.split("-")[-1]
    return "dressed" if wildcards.study in TRANSFER else "pixel"


def options_of(wildcards):
    """What else decides a model's architecture."""
    kind, study = kind_of(wildcards), of_study(wildcards)
    if kind in ("parallel", "parallel_twin"):
        return study.parallel.model_dump()
    if kind == "cnn":
        return study.cnn.model_dump()
    if kind in ("quanv", "cnn1", "cnn4"):
        return study.quanv.model_dump(include={"shrink", "kernel", "stride"}) | {"kernels": 1 if kind == "cnn1" else 4}
    if wildcards.study == "change":
        return {"reading": study.reading}
    random = study.weights.get(name_of(wildcards).split("-")[0], "random") == "random"
    standardise = random if study.standardise is None else study.standardise
    return {"delta": study.delta, "hidden": study.qubits, "standardise": standardise}


def training_of(wildcards):
    """How a model is trained without noise."""
    study = of_study(wildcards)
    small = kind_of(wildcards) in ("quanv", "cnn1", "cnn4")
    return (study.quanv if small else study).training.model_dump()


def warping_of(wildcards):
    """How images are varied while they are trained on; not at all in other studies than C."""
    varied = kind_of(wildcards) in ("parallel", "parallel_twin", "cnn")
    warping = settings.digits.warping
    return warping.model_dump() if varied and any(warping.model_dump().values()) else None


def trainer_of(wildcards):
    """How a model is trained by another simulator, or differentiated another way."""
    study = of_study(wildcards)
    return {
        **study.training.model_dump(),
        **asked_for(wildcards.trainer, study.trainers, f"{wildcards.study}.trainers"),
    }


def fine_tuning_of(wildcards):
    """How a model is trained on from the phase before."""
    return of_study(wildcards).fine_tuning.model_dump()


def unet_training(wildcards):
    """How a U-Net is fitted."""
    return getattr(change, wildcards.unet).model_dump()
