import json
from functools import cache, wraps
from itertools import product
from operator import attrgetter

from hqnn.checks import calibrations_of, checked, machines_of
from hqnn.closure import closure_digest, environment_digest
from hqnn.execution.backends import calibration_file
from hqnn.listing import listing_digest
from hqnn.scheduled import LOGS, ended_jobs
from hqnn.settings.axes import TRAINED, chosen_files, curve_tables, points, reference_points
from hqnn.settings.predicted import read_target

RESOURCES = os.path.relpath(CHECKOUT / "resources")
LARGE_BYTES, LARGE_THREADS = 100_000_000, 4  # of scenes that several threads read; a thread holds 150 MB more

try:
    settings, plans = checked(config)
    backends = {name: os.path.relpath(path) for name, path in calibrations_of(plans.values()).items()}
    machines = machines_of(plans.values())
except UserError as error:
    sys.exit(f"config: {error}")


def code_of(rule):
    """Digest of what a rule's script runs, ours and the locked packages."""
    return f"{closure_digest(rule)} {environment_digest()}"


def any_of(names):
    """A pattern that takes these names and no others."""
    return "|".join(map(re.escape, sorted(set(names)))) or "(?!)"


def studies_of(kind):
    """A pattern of the names of the studies of a kind."""
    return any_of(name for name, plan in plans.items() if plan.study.kind == kind)


wildcard_constraints:
    study=any_of(plans),
    data=r"\w+",
    split=r"\w+",
    draw=r"\w+",
    dataset=r"\w+(-\w+)?",
    backbone="[a-z0-9_]+",
    model=r"[\w-]+",
    phase=r"ideal(-[a-z_]+)?|(device|noisy|hardware)-\w+",
    trainer="[a-z_]+",
    backend=r"\w+",
    seed=r"\d+",


GPU = int(settings.engine.device == "cuda")  # that a job which computes with torch asks for
# MB of a job with Snakemake's own 300 to 400 on a cluster: one that imports no torch, and one that does.
LIGHT_MB, TORCH_MB = 800, 1800
QUANTUM = any_of(run.run.model for plan in plans.values() for run in plan.quantum_runs())
REAL = any_of(name for name, machine in machines.items() if machine.is_real)
LOCAL = rf"(?!(?:{REAL})/)\w+"
TWINS = any_of(run.model for plan in plans.values() for run in plan.twin_runs())


def memory(base, for_each=0):
    """A function of a job: MB that it asks for, `base` and so many for each MB of its first input; more when it failed."""

    def asked(wildcards, input, attempt):
        size = os.path.getsize(input[0]) / 1e6 if for_each and os.path.exists(input[0]) else 0
        return int(attempt * (base + for_each * size))

    return asked


def tell_of_ended_jobs(since):
    """Say which jobs the scheduler ended since then, and why."""
    for sentence in ended_jobs(Path(".snakemake") / LOGS, since):
        print(sentence, file=sys.stderr)


def or_sentence(function):
    """The same function; what a user can mend ends the run with its sentence alone."""

    @wraps(function)
    def answered(*arguments):
        try:
            return function(*arguments)
        except UserError as error:
            sys.exit(f"config: {error}")

    return answered


def asks(question, *names):
    """A function of wildcards that asks a study's plan; `names` are the wildcards that it needs."""

    @or_sentence
    def answer(wildcards):
        asked = attrgetter(question)(plans[wildcards.study])
        return asked(*(getattr(wildcards, name) for name in names)) if callable(asked) else asked

    return answer


def of_study(*keys):
    """A function of wildcards that gives a setting of a study in built-in types."""

    def answer(wildcards):
        value = plans[wildcards.study].study
        for key in keys:
            value = getattr(value, key)
        plain = value.model_dump() if hasattr(value, "model_dump") else value
        return list(plain) if isinstance(plain, tuple) else plain

    return answer


def raw_input(wildcards):
    """The raw data of a study where a rule makes them; the user's own are known by their listing."""
    plan = plans[wildcards.study]
    return [] if plan.own_data else plan.raw


def raw_data(wildcards, input):
    """Where the raw data lie: what a rule made, or its copy here where results are stored elsewhere, or the user's own."""
    plan = plans[wildcards.study]
    return (Path(plan.own_data or input.raw) / plan.read_within).as_posix()


def listing_of(wildcards):
    """What tells one state of the user's own data from another."""
    own = plans[wildcards.study].own_data
    return listing_digest(own) if own else ""


def table_of(wildcards):
    """The table of all samples of a study; it says how many classes there are."""
    return plans[wildcards.study].table


def published_of(wildcards):
    """The published figures that may stand beside a study's, where there are any."""
    published = plans[wildcards.study].published
    return [f"{RESOURCES}/published/{published}.csv"] if published else []


@or_sentence
def calibration_at(study, backend):
    """The file that says what the gates and the noise of a backend or a machine are."""
    if backend in plans[study].machines:
        return plans[study].calibration(backend)
    return backends.get(backend) or os.path.relpath(calibration_file(backend))


def calibration_of(wildcards):
    """The calibration of the backend in the path of a result."""
    return calibration_at(wildcards.study, wildcards.backend)


def machine_of(wildcards):
    """The settings of a machine in built-in types."""
    return machines[wildcards.backend].model_dump(exclude_unset=True)


def machine_if_any(wildcards):
    """The same; None for a calibration, which is no machine."""
    return machine_of(wildcards) if wildcards.backend in machines else None


@or_sentence
def calibration_of_reference(wildcards):
    """The calibration of the backend that a quantum kernel is for, where a model is one that is for one."""
    plan = plans[wildcards.study]
    backend = plan.baseline(wildcards.model).get("backend") if wildcards.model in plan.references() else ""
    return [backends.get(backend) or os.path.relpath(calibration_file(backend))] if backend else []


def compiled_reference(wildcards):
    """How a quantum kernel that is for a backend is compiled and disturbed; nothing of it concerns other references."""
    asked = plans[wildcards.study].study.execution
    found = calibration_of_reference(wildcards)
    return {"layouts": asked.layouts, "noise": asked.noise.model_dump()} if found else {}


def contents_of(files_of):
    """A function of wildcards: what the files say that another one names, of which times would miss an older one.

    Those that rules make are left to their times; they may not be there yet.
    """

    def answer(wildcards):
        named = files_of(wildcards)
        files = [named] if isinstance(named, str) else named
        return [listing_digest(file) for file in files if not file.startswith("results/")]

    return answer


def about_samples(wildcards):
    """What the path of a table of samples says; the table says it, too."""
    return {"study": wildcards.study, "dataset": wildcards.data}


def gathered(name):
    """The files called so of the studies that run, and of all that ran before, where results lie in the folder."""
    stored = workflow.storage_settings.default_storage_provider is not None
    ran = [] if stored else [path.as_posix() for path in Path("results").glob(f"*/{name}")]
    return sorted({*ran, *(f"{plan.folder}/{name}" for plan in plans.values())})


def results_of(wildcards):
    """What a study's archive takes along."""
    plan = plans[wildcards.study]
    files = [f"{plan.folder}/{name}" for name in ("metrics.csv", "report.html")]
    trained = [*plan.trained_files("model.safetensors"), *plan.trained_files("history.csv")]
    return files + trained + plan.predictions() + plan.native_circuits()


@or_sentence
def new_data(wildcards):
    """Which new data a target asks for, and by which execution path."""
    has_circuit = re.fullmatch(QUANTUM, wildcards.model) is not None
    return read_target(wildcards.asked, settings.new, has_circuit=has_circuit)


def listed_scenes(wildcards):
    """The list of the scenes of new data."""
    return f"results/{wildcards.study}/{wildcards.dataset}/new/{new_data(wildcards).name}.json"


def scene_of(wildcards):
    """What the list says of a scene of new data; nothing as long as there is no list."""
    listed = Path(listed_scenes(wildcards))
    return read_list(listed, listed.stat().st_mtime_ns).get(wildcards.scene, {}) if listed.exists() else {}


@cache
def read_list(path, written_ns):
    """What a list of scenes says, read once for all of its scenes; `written_ns` tells one list from the next."""
    return json.loads(path.read_text(encoding="utf-8"))


def threads_of_photographs(wildcards):
    """Two, but for the few of a synthetic set: a job of two threads begins when nothing else runs."""
    return 1 if plans[wildcards.study].study.data.source == "sample" else 2


def threads_of_scene(wildcards):
    """Several where a scene is so large that reading it takes long."""
    return LARGE_THREADS if scene_of(wildcards).get("bytes", 0) > LARGE_BYTES else 1


def maps_of_new_scenes(wildcards):
    """The folder of each scene of new data, once these are listed."""
    known = {"study": wildcards.study, "dataset": wildcards.dataset, "new": new_data(wildcards).name}
    listed = Path(checkpoints.list_new_scenes.get(**known).output.scenes)
    run = "results/{study}/{dataset}/{model}/{phase}/seed{seed}/predicted/{asked}.scenes".format(**wildcards)
    return [f"{run}/{scene}" for scene in json.loads(listed.read_text(encoding="utf-8"))]


def native_files(wildcards):
    """The native circuit as a program and as QPY, and the calibration, where these run."""
    asked = new_data(wildcards)
    if not asked.backend:
        return []
    if asked.path == "hardware" and asked.backend in machines and machines[asked.backend].is_real:
        sys.exit(f"config: new data are not sent to machine {asked.backend}; ask for noisy-{asked.backend}")
    compiled = f"results/{wildcards.study}/{wildcards.dataset}/{wildcards.model}/compiled/{asked.backend}"
    files = [f"{compiled}/program.json", f"{compiled}/program.qpy"]
    return [*files, calibration_at(wildcards.study, asked.backend)]


def samples_of_seeds(wildcards):
    """The tables of samples of every seed, seed by seed."""
    plan = plans[wildcards.study]
    return [plan.samples(wildcards.dataset, wildcards.model, seed) for seed in plan.study.seeds]


def samples_once(wildcards):
    """The same tables, each once."""
    return list(dict.fromkeys(file for files in samples_of_seeds(wildcards) for file in files))


def trained_of(wildcards):
    """The models of all seeds, trained without noise."""
    run = f"results/{wildcards.study}/{wildcards.dataset}/{wildcards.model}/ideal"
    return [f"{run}/seed{seed}/model.safetensors" for seed in plans[wildcards.study].study.seeds]


def points_of(wildcards):
    """The training runs of a model along an axis."""
    return points(plans[wildcards.study], wildcards.axis, wildcards.dataset, wildcards.model)


def fits_of(wildcards):
    """The fits of a reference by numbers of train samples."""
    return reference_points(plans[wildcards.study], wildcards.dataset, wildcards.model)
