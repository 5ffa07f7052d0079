"""A study as an RO-Crate: one zip archive that says in JSON-LD what every file is and what it was made from."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from rocrate.model import ContextEntity, DataEntity
from rocrate.rocrate import ROCrate

from hqnn.data.catalogue import read_dataset
from hqnn.errors import UserError
from hqnn.store import file_digest, whole_file

FORMATS = {
    ".csv": "text/csv",
    ".h5": "application/x-hdf5",
    ".html": "text/html",
    ".lock": "text/plain",
    ".sha256": "text/plain",
    ".yaml": "application/yaml",
    ".zip": "application/zip",
}
RESULTS = {
    "metrics.csv": "Every number of the study, one a row",
    "report.html": "The page of the study",
    "history.csv": "Loss and accuracy by epoch",
    "model.safetensors": "Trained weights with their circuit and fingerprint",
    "predictions.h5": "Predictions of test samples",
    "program.qpy": "The native circuit that ran",
}
CODE = ("workflow", "scripts", "resources/calibrations", "pyproject.toml", "requirements.lock", "environment.yml")
BUILT = ("__pycache__", ".egg-info", ".DS_Store")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that zip knows; equal code then has an equal digest
SNAKEMAKE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
OURS = "Made by the workflow itself from a seed; nobody else has rights in them."
UNKNOWN = "Not known to the workflow: these are files of the user's. `data: {licence: ...}` in the config says it here."


@dataclass(frozen=True)
class Archived:
    """What an archive says of a study besides its files.

    Attributes:
        name: of the study.
        title: what its page calls it.
        settings: of the study, those alone that its config says, in built-in types.
        raw: the folder or file of its raw data.
        source: where these come from: sample, path or download.
        fetched: the data set's name in the catalogue, where it was downloaded.
        catalogue: file of the data sets that can be fetched.
        checkout: folder of workflow, library and lock.
    """

    name: str
    title: str
    settings: Mapping[str, Any]
    raw: Path
    source: str
    fetched: str
    catalogue: Path
    checkout: Path


def write_crate(output: Path, study: Archived, results: Sequence[Path], samples: Sequence[Path]) -> None:
    """Write the archive.

    It has the config, every result under its own path, the workflow with library and lock as ``code.zip``, and the
    sha256 of all raw data and tables of samples as ``inputs.sha256``, which ``sha256sum --check`` reads; the data
    themselves are others' and stay where they are.

    Args:
        output: of the zip file.
        study: see there.
        results: files to take along, with paths relative to the working folder.
        samples: the tables that everything was trained and tested on.

    Raises:
        UserError: the raw data are not there any more, or the catalogue cannot be read.

    References:
        RO-Crate 1.3, https://w3id.org/ro/crate/1.3; sha256 and CreateAction as in Process Run Crate,
        https://w3id.org/ro/wfrun/process.
    """
    crate = ROCrate()
    ran = datetime.fromtimestamp(max(path.stat().st_mtime for path in results), UTC)
    config = yaml.safe_dump({"studies": {study.name: dict(study.settings)}}, sort_keys=False, allow_unicode=True)
    texts = {
        "config.yaml": (config, "Config of the study; its page says every key"),
        "inputs.sha256": (_manifest([*_raw_files(study.raw), *samples]), "Sha256 of raw data and tables of samples"),
    }
    given = [_add(crate, name, text.encode(), about) for name, (text, about) in texts.items()]
    lock = _add(
        crate, "requirements.lock", (study.checkout / "requirements.lock").read_bytes(), "Every package, locked"
    )
    code = _add(crate, "code.zip", _zipped(study.checkout), "Workflow and library as they ran", "SoftwareSourceCode")
    code["programmingLanguage"] = _context(crate, SNAKEMAKE, "ComputerLanguage", name="Snakemake")
    code["softwareRequirements"] = _packages(crate, study.checkout / "requirements.lock")
    data = _data(crate, study)
    made = [_add(crate, path.as_posix(), path, _words(path)) for path in results]
    action = _context(
        crate,
        "#run",
        "CreateAction",
        name=f"Run of study {study.name}",
        endTime=ran.isoformat(timespec="seconds"),
        instrument=code,
        object=[*given, lock, data],
        result=made,
    )
    root = crate.root_dataset
    root["name"], root["description"] = study.title, f"Study {study.name}: config, software, inputs' digests, results."
    root["datePublished"] = ran.date().isoformat()
    root["mentions"] = [action]
    root["isBasedOn"] = [data]
    with whole_file(output) as partial:
        crate.write_zip(partial)


def _add(crate: ROCrate, name: str, content: Path | bytes, about: str, *types: str) -> DataEntity:
    """Put a file into the crate, with its size, digest and format."""
    if isinstance(content, bytes):
        size, digest = len(content), hashlib.sha256(content).hexdigest()
    else:
        size, digest = content.stat().st_size, file_digest(content)
    source = io.BytesIO(content) if isinstance(content, bytes) else content
    entity = crate.add_file(source, dest_path=name, properties={"@type": ["File", *types]} if types else None)
    entity["name"] = about
    entity["contentSize"], entity["sha256"] = str(size), digest
    entity["encodingFormat"] = FORMATS.get(Path(name).suffix, "application/octet-stream")
    return entity


def _context(crate: ROCrate, identifier: str, kind: str, **properties: Any) -> ContextEntity:
    """Describe something that is no file of the crate."""
    entity = crate.add(ContextEntity(crate, identifier, properties={"@type": kind}))
    for key, value in properties.items():
        entity[key] = value
    return entity


def _packages(crate: ROCrate, lock: Path) -> list[ContextEntity]:
    """Every package of the lock with its version."""
    pins = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", lock.read_text(encoding="utf-8"), flags=re.M)
    return [
        _context(crate, f"#{name}-{version}", "SoftwareApplication", name=name, softwareVersion=version)
        for name, version in sorted(set(pins))
    ]


def _data(crate: ROCrate, study: Archived) -> ContextEntity:
    """The raw data: whose they are, and what their owners allow, as far as known."""
    if study.source != "download":
        own = study.settings.get("data", {}).get("licence", "")
        licence = OURS if study.source == "sample" else own or UNKNOWN
        return _context(crate, "#data", "Dataset", name=f"Raw data of study {study.name}", license=licence)
    entry = read_dataset(study.catalogue, study.fetched)
    said = {"name": entry.title, "url": entry.page, "license": entry.licence, "citation": entry.citation}
    return _context(crate, "#data", "Dataset", **said)


def _raw_files(raw: Path) -> list[Path]:
    """The regular files of raw data but hidden ones, in the order of their names."""
    if not raw.exists():
        raise UserError(f"{raw} is not there any more, so its digests cannot be archived; put the data back")
    return [raw] if raw.is_file() else sorted(path for path in raw.rglob("[!.]*") if path.is_file())


def _manifest(files: Iterable[Path]) -> str:
    """Lines as `sha256sum` writes them, which escapes what would break a line."""
    return "".join(f"{_escaped(file_digest(file), file.as_posix())}\n" for file in files)


def _escaped(digest: str, name: str) -> str:
    safe = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if safe == name else chr(92)}{digest}  {safe}"


def _zipped(checkout: Path) -> bytes:
    """The files of the code that somebody wrote, as a zip archive."""
    roots = [checkout / name for name in CODE]
    files = [file for root in roots for file in ([root] if root.is_file() else sorted(root.rglob("*")))]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            place = file.relative_to(checkout)
            if file.is_file() and not any(part.endswith(BUILT) for part in place.parts):
                archive.writestr(zipfile.ZipInfo(place.as_posix(), EPOCH), file.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _words(path: Path) -> str:
    """What a result is."""
    return f"{RESULTS.get(path.name, 'Result')}: {path.as_posix()}"
