"""The house rules that a machine can hold."""

from __future__ import annotations

import ast
import re
from importlib import metadata
from pathlib import Path

import pytest
import yaml

import hqnn
from hqnn.closure import _read

FLOORS = [
    {"store", "settings", "manual", "new", "errors", "job", "cache_folder", "closure", "listing", "notes", "wording"}
    | {"efficiency", "forkserver", "killed", "partials", "progress", "regular_files", "supervision", "working_folder"}
    | {"audit", "queued_jobs", "scheduled", "set_up", "submission"},
    {"circuits", "noise"},
    {"engine", "interpreters"},
    {"models", "data"},
    {"training", "execution", "tuning", "metrics", "analysis"},
    {"report", "export", "checks", "public"},
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def locked(root: Path) -> dict[str, str]:
    lines = (root / "requirements.lock").read_text(encoding="utf-8").splitlines()
    found = (re.match(r"([A-Za-z0-9._-]+)==(\S+)( ; .*python_full_version.*)?", line) for line in lines)
    return {m[1].lower(): m[2] for m in found if m and not m[3]}


def test_the_checkout_s_own_library_is_imported(root: Path) -> None:
    assert Path(hqnn.__file__).is_relative_to(root)


def test_imports_go_down_the_floors_only(root: Path) -> None:
    library = root / "scripts/hqnn"
    for file in library.rglob("*.py"):
        room = file.relative_to(library).parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        assert room in FLOOR_OF, f"{file} stands on no floor"
        for name in _read(file, file.read_bytes()).imports:
            package, _, rest = name.partition(".")
            target = rest.split(".")[0]
            if package == "hqnn" and target in FLOOR_OF:
                assert FLOOR_OF[target] <= FLOOR_OF[room], f"{file} imports {name} from a floor above"


def test_no_module_is_imported_by_a_name_made_while_running(root: Path) -> None:
    imports_what_scripts_do = root / "scripts/hqnn/forkserver.py"
    for file in set((root / "scripts").rglob("*.py")) - {imports_what_scripts_do}:
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        said = {node.id for node in nodes if isinstance(node, ast.Name)}
        said |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        said |= {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
        assert not said & {"import_module", "__import__", "run_module", "exec"}, f"{file}: the closure digest misses it"


def test_files_and_functions_stay_short(root: Path) -> None:
    for file in (root / "scripts").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 400, file
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 60, f"{file}: {node.name}"


def test_no_rule_names_a_place_that_other_machines_may_not_have(root: Path) -> None:
    for file in [root / "workflow/Snakefile", *(root / "workflow/rules").glob("*.smk")]:
        found = re.search(r"""["'](/|~)\S*|/tmp\b|\bgettempdir\b|\btempfile\b""", file.read_text(encoding="utf-8"))
        assert not found, f"{file}: {found and found[0]}"


def test_installed_versions_are_those_of_the_lock(root: Path) -> None:
    pins = locked(root)
    assert len(pins) > 100
    off = {}
    for name, pin in pins.items():
        try:
            installed = metadata.version(name).split("+")[0]
        except metadata.PackageNotFoundError:
            continue
        if installed != pin:
            off[name] = f"installed {installed}, locked {pin}"
    assert not off, f"run `make setup`: {off}"


def test_conda_users_get_the_same_pins(root: Path) -> None:
    pins = locked(root)
    names = {"pytorch": "torch"}
    entries = yaml.safe_load((root / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    flat = [e for e in entries if isinstance(e, str)] + [e for d in entries if isinstance(d, dict) for e in d["pip"]]
    parts = [re.split(r"==?", entry) for entry in flat]
    pinned = {re.sub(r"\[.*", "", names.get(p[0], p[0])): p[1] for p in parts if p[0] not in ("python", "pip")}
    direct = {re.match(r"[a-z0-9-]+", r)[0] for r in _direct(root)}  # type: ignore[index]
    assert direct <= set(pinned)
    assert {name: pins[name] for name in pinned} == pinned


def _direct(root: Path) -> list[str]:
    import tomllib

    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]


@pytest.mark.parametrize(
    "pattern", [r"https?://\S*(pypi|anaconda)\S*", r"--index-url", r"/work/", r"\bTODO\b", r"\bFIXME\b"]
)
def test_no_registry_address_no_machine_s_path_and_no_work_left_undone(root: Path, pattern: str) -> None:
    places = [
        "scripts",
        "workflow",
        "config",
        "resources",
        "README.md",
        "Makefile",
        "environment.yml",
        "pyproject.toml",
    ]
    files = [f for p in places for f in ([root / p] if (root / p).is_file() else (root / p).rglob("*")) if f.is_file()]
    hits = [
        file
        for file in [*files, root / "requirements.lock"]
        if file.suffix in (".py", ".smk", ".md", ".yaml", ".yml", ".toml", ".lock", "")
        and re.search(pattern, file.read_text())
    ]
    assert not hits
