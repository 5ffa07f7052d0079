from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hqnn import closure
from hqnn.circuits.names import SOURCES
from hqnn.errors import UserError

HEAVY = ("torch", "pennylane", "qiskit", "qiskit_aer", "rasterio", "sklearn", "matplotlib", "iqm", "numba")
# What no script of a rule runs: parts of the Snakefile, whose values are params, and what is for people and tests.
REACHED_BY_NO_SCRIPT = (
    "hqnn/analysis/named_circuits.py",
    "hqnn/audit.py",
    "hqnn/cache_folder.py",
    "hqnn/circuits/amplitude.py",
    "hqnn/closure.py",
    "hqnn/data/choice.py",
    "hqnn/engine/precompile.py",
    "hqnn/execution/machines/jobs.py",
    "hqnn/listing.py",
    "hqnn/checks.py",
    "hqnn/manual.py",
    "hqnn/new.py",
    "hqnn/noise/export_snapshots.py",
    "hqnn/noise/pennylane.py",
    "hqnn/public.py",
    "hqnn/report/readme.py",
    "hqnn/queued_jobs.py",
    "hqnn/scheduled.py",
    "hqnn/submission.py",
    "hqnn/tuning/checks.py",
    "hqnn/set_up.py",
    "hqnn/working_folder.py",
)


@pytest.fixture
def scripts(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small tree of scripts of its own."""
    library = tmp_path / "hqnn" / "room"
    library.mkdir(parents=True)
    (tmp_path / "hqnn/__init__.py").write_text("")
    (library / "__init__.py").write_text('"""Room."""\n')
    (library / "used.py").write_text("from .deep import f\n")
    (library / "deep.py").write_text('"""Deep."""\ndef f():\n    """Say."""\n    return 1  # one\n')
    (library / "unused.py").write_text("x = 1\n")
    (tmp_path / "rule.py").write_text("def late():\n    from hqnn.room import used\n")
    monkeypatch.setattr(closure, "SCRIPTS", tmp_path)
    return tmp_path


def digest(rule: str = "rule") -> str:
    closure._sources.cache_clear()
    return closure.closure_digest(rule)


def test_the_digest_follows_imports_wherever_they_stand(scripts: Path) -> None:
    before = digest()
    (scripts / "hqnn/room/deep.py").write_text("def f():\n    return 2\n")
    assert digest() != before


def test_comments_docstrings_and_unused_modules_do_not_count(scripts: Path) -> None:
    before = digest()
    (scripts / "hqnn/room/deep.py").write_text('"""Other."""\n\n\ndef f():\n    """Other."""\n    return 1\n')
    (scripts / "hqnn/room/unused.py").write_text("x = 2\n")
    assert digest() == before


def test_an_edit_that_keeps_size_and_time_of_modification_counts(scripts: Path) -> None:
    edited = scripts / "hqnn/room/deep.py"
    before, state = digest(), edited.stat()
    edited.write_text(edited.read_text().replace("return 1", "return 2"))
    os.utime(edited, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert edited.stat().st_size == state.st_size
    assert digest() != before


def test_the_store_of_digests_only_saves_time(scripts: Path) -> None:
    first = digest()
    (store,) = (scripts / "__pycache__").glob("sources.*.json")
    store.write_text(store.read_text()[:50])
    assert digest() == first
    store.unlink()
    assert digest() == first == digest()


def test_a_copy_with_other_times_and_its_store_is_not_parsed_again(
    scripts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = digest()
    for path in scripts.rglob("*.py"):
        os.utime(path, ns=(0, path.stat().st_mtime_ns // 10**9 * 10**9))
    with monkeypatch.context() as context:
        context.setattr(closure, "_read", lambda path, _: pytest.fail(f"{path} was parsed"))
        assert digest() == first
    (scripts / "hqnn/room/deep.py").write_text("def f():\n    return 3\n")
    assert digest() != first


def test_a_file_that_cannot_be_parsed_stops_only_the_rules_that_import_it(scripts: Path) -> None:
    before = digest()
    (scripts / "hqnn/room/unused.py").write_text("x = (")
    assert digest() == before
    (scripts / "hqnn/room/deep.py").write_text("def f(:")
    assert digest() != before


def test_a_new_module_in_a_package_s_init_counts(scripts: Path) -> None:
    before = digest()
    (scripts / "hqnn/room/__init__.py").write_text("from hqnn.room import unused\n")
    assert digest() != before


def test_the_closure_holds_every_project_module_that_python_really_loads(root: Path) -> None:
    code = (
        "import sys, hqnn.data.pixels.prepare; "
        "print(*sorted(m.__file__ for n, m in sys.modules.items() if n.split('.')[0] == 'hqnn'), sep='\\n')"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    found = {str(path) for path in closure.closure(root / "scripts" / "prepare_pixels.py")}
    assert set(loaded) <= found


def test_an_edit_of_any_module_reruns_a_rule(root: Path) -> None:
    scripts = root / "scripts"
    reached = set().union(*(closure.closure(script) for script in scripts.glob("*.py")))
    unreached = {path.relative_to(scripts).as_posix() for path in (scripts / "hqnn").rglob("*.py")} - {
        path.relative_to(scripts).as_posix() for path in reached
    }
    assert {name for name in unreached if not name.startswith("hqnn/settings/")} == set(REACHED_BY_NO_SCRIPT)


def test_an_edit_of_a_circuit_s_part_reruns_the_rule_that_traces_circuits(root: Path) -> None:
    found = {path.stem for path in closure.closure(root / "scripts" / "trace_circuit.py")}
    assert set(SOURCES) <= found


def test_the_environment_is_the_lock_s_text(scripts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closure.environment_digest.cache_clear()
    monkeypatch.setattr(closure, "SCRIPTS", scripts / "hqnn")
    with pytest.raises(UserError, match=r"requirements\.lock is missing"):
        closure.environment_digest()
    seen = set()
    for text in ("a==1\n", "a==2\n"):
        (scripts / "requirements.lock").write_text(text)
        closure.environment_digest.cache_clear()
        seen.add(closure.environment_digest())
    closure.environment_digest.cache_clear()
    assert len(seen) == 2


def test_what_is_split_does_not_hang_on_other_keys_than_those_of_splits(root: Path) -> None:
    found = closure.closure(root / "scripts" / "split_samples.py")
    assert {path.stem for path in found if path.parent.name == "settings"} == {"__init__", "section", "splits"}


def test_each_script_is_named_after_a_rule_and_holds_no_logic(root: Path) -> None:
    rules = "".join(path.read_text(encoding="utf-8") for path in (root / "workflow/rules").glob("*.smk"))
    scripts = sorted((root / "scripts").glob("*.py"))
    assert scripts
    for script in scripts:
        text = script.read_text(encoding="utf-8")
        begun = (f"rule {script.stem}:", f"checkpoint {script.stem}:", f"{script.stem}_{{")
        assert any(words in rules for words in begun), script
        assert len(text.splitlines()) <= 40, script


def test_building_the_dag_imports_nothing_heavy(root: Path) -> None:
    assert shutil.which("snakemake", path=str(Path(sys.executable).parent))
    code = (
        "import sys; from snakemake.cli import main\n"
        "try:\n    main(['-n', '--quiet', 'all'])\nexcept SystemExit as e:\n    assert not e.code, e.code\n"
        f"print('HEAVY', [m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert "HEAVY []" in done.stdout, done.stdout + done.stderr
