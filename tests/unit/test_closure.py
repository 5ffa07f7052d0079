from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hqnn import closure

HEAVY = ("torch", "pennylane", "qiskit", "qiskit_aer", "rasterio", "sklearn", "matplotlib", "iqm", "numba")


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
    for function in (closure._tree, closure._code_digest, closure._imported_files):
        function.cache_clear()
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
    found = {str(path) for path in closure.closure(root / "scripts" / "prepare_oscd.py")}
    assert set(loaded) <= found


def test_what_is_split_does_not_hang_on_other_keys_than_those_of_splits(root: Path) -> None:
    found = closure.closure(root / "scripts" / "split_images.py")
    assert {path.stem for path in found if path.parent.name == "settings"} == {"__init__", "section", "splits"}


def test_each_script_is_named_after_a_rule_and_holds_no_logic(root: Path) -> None:
    rules = "".join(path.read_text(encoding="utf-8") for path in (root / "workflow/rules").glob("*.smk"))
    scripts = sorted((root / "scripts").glob("*.py"))
    assert scripts
    for script in scripts:
        text = script.read_text(encoding="utf-8")
        assert f"rule {script.stem}:" in rules, script
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
