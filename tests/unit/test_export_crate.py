"""The archive of a study, read back by the RO-Crate library and by sha256sum."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from rocrate.rocrate import ROCrate

from hqnn.errors import UserError
from hqnn.export.crate import OURS, UNKNOWN, Archived, write_crate
from hqnn.settings.model import read_settings

CONFIG = {"studies": {"cover": {"kind": "images", "data": {"source": "path", "path": "raw"}, "title": 'A "<b>" title'}}}
RESULTS = (
    "metrics.csv",
    "report.html",
    "d/m ü&<b>/ideal/seed0/model.safetensors",
    "d/m/ideal/seed0/exact/predictions.h5",
)


def archived(root: Path, **changes: Any) -> Archived:
    settings = read_settings(CONFIG).studies["cover"].model_dump(mode="json", exclude_unset=True)
    given = {"name": "cover", "title": settings["title"], "settings": settings, "raw": Path("raw"), "source": "path"}
    places = {"fetched": "mnist", "catalogue": root / "resources/datasets.yaml", "checkout": root}
    return Archived(**(given | places | changes))


def entities(crate: zipfile.ZipFile) -> dict[str, dict[str, Any]]:
    return {entity["@id"]: entity for entity in json.loads(crate.read("ro-crate-metadata.json"))["@graph"]}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Path], list[Path]]:
    monkeypatch.chdir(tmp_path)
    results = [Path("results/cover") / name for name in RESULTS]
    for path in [*results, Path("raw/a/plain.png"), Path("raw/two\nlines \\ n.png"), Path("samples.h5")]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"what {path} holds")
    return results, [Path("samples.h5")]


def test_an_archive_describes_every_file_that_it_has_and_what_it_was_made_from(
    root: Path, files: tuple[list[Path], list[Path]]
) -> None:
    write_crate(Path("crate.zip"), archived(root), *files)
    crate = ROCrate("crate.zip")
    assert crate.name == 'A "<b>" title'
    with zipfile.ZipFile("crate.zip") as packed:
        described = {file.id: file for file in crate.get_by_type("File")}
        names = {name.replace(" ü&<b>", "%20%C3%BC%26%3Cb%3E") for name in packed.namelist()}
        assert set(described) == names - {"ro-crate-metadata.json"}
        for file in described.values():
            content = (Path(crate.source) / file.source).read_bytes()
            assert (file["contentSize"], file["sha256"]) == (str(len(content)), hashlib.sha256(content).hexdigest())
        (run,) = crate.get_by_type("CreateAction")
        assert {file.id for file in run["result"]} == {name for name in names if name.startswith("results/")}
        known = entities(packed)
        referred = {ref["@id"] for entity in known.values() for ref in _references(entity)}
        assert {ref for ref in referred if not ref.startswith("https://w3id.org/ro/crate")} <= set(known)
        assert known["#numpy-2.4.6"]["softwareVersion"] == "2.4.6"
        config = yaml.safe_load(packed.read("config.yaml"))
        assert read_settings(config).studies == read_settings(CONFIG).studies
        with zipfile.ZipFile(io.BytesIO(packed.read("code.zip"))) as code:
            ours = "scripts/hqnn/export/crate.py"
            assert code.read(ours) == (root / ours).read_bytes()
            assert "workflow/Snakefile" in code.namelist()
            assert not [name for name in code.namelist() if "__pycache__" in name]


def test_the_digests_of_the_inputs_are_checked_by_sha256sum(root: Path, files: tuple[list[Path], list[Path]]) -> None:
    Path("requirements.lock").write_text("")
    write_crate(Path("crate.zip"), archived(root, checkout=Path()), *files)
    zipfile.ZipFile("crate.zip").extract("inputs.sha256")
    check = ["sha256sum", "--check", "--strict", "--quiet", "inputs.sha256"]
    subprocess.run(check, check=True)
    Path("raw/two\nlines \\ n.png").write_text("another photograph")
    assert subprocess.run(check, capture_output=True).returncode == 1


def test_an_archive_says_what_the_owners_of_the_data_allow(root: Path, files: tuple[list[Path], list[Path]]) -> None:
    Path("requirements.lock").write_text("numpy==2.4.6 \\\n    --hash=sha256:0\n")
    mine = {"data": {"licence": "CC BY 4.0"}}
    said = {}
    for name, changes in {"sample": {"source": "sample"}, "mine": {"settings": mine}, "open": {"settings": {}}}.items():
        write_crate(Path("crate.zip"), archived(root, checkout=Path(), **changes), *files)
        said[name] = entities(zipfile.ZipFile("crate.zip"))["#data"]["license"]
    assert said == {"sample": OURS, "mine": "CC BY 4.0", "open": UNKNOWN}
    write_crate(Path("crate.zip"), archived(root, checkout=Path(), source="download"), *files)
    fetched = entities(zipfile.ZipFile("crate.zip"))["#data"]
    assert fetched["license"].startswith("CC BY-SA 3.0")
    assert "MNIST" in fetched["name"]
    with pytest.raises(UserError, match="gone is not there any more"):
        write_crate(Path("crate.zip"), archived(root, checkout=Path(), raw=Path("gone")), *files)


def _references(value: Any) -> list[dict[str, str]]:
    if isinstance(value, dict):
        own = [value] if set(value) == {"@id"} else []
        return own + [ref for inner in value.values() for ref in _references(inner)]
    return [ref for inner in value for ref in _references(inner)] if isinstance(value, list) else []
