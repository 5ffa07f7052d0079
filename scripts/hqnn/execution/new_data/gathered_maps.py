"""Which scenes new data have, and their maps in one folder."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hqnn.data.folders import whole_folder
from hqnn.data.pixels.mosaics import write_mosaics
from hqnn.data.pixels.new_scenes import open_new_scenes
from hqnn.execution.new_data.map_summary import SUMMARY, gather_map_summaries
from hqnn.store import open_table, read_attributes, write_text

log = logging.getLogger(__name__)


def list_new_scenes(
    output: str | os.PathLike[str],
    place: str | os.PathLike[str],
    *,
    samples: str | os.PathLike[str],
    reading: Mapping[str, Any],
) -> None:
    """Write the names of scenes, each with what its jobs hang on.

    Args:
        output: JSON file, name to `bytes` of the scene's files, and a `digest` that changes when one is replaced.
        place: see `open_new_scenes`.
        samples: the store that the model was trained on.
        reading: layout of the scenes that the model was trained on, and its options.

    Raises:
        UserError: see `open_new_scenes`.
    """
    with open_table(samples) as file:
        dates = read_attributes(file)["dates"]
    collection = open_new_scenes(place, dates, **reading)
    known = {listed.name: _state(listed.files) for listed in collection.scenes}
    write_text(output, json.dumps(known, ensure_ascii=False, indent=1) + "\n")


def gather_new_maps(output: str | os.PathLike[str], folders: Sequence[str | os.PathLike[str]]) -> None:
    """Put the maps of scenes into one folder, with mosaics of those beside each other and one summary.

    Files are the same ones as in the folders of the scenes, as hard links, where the disk allows it.

    Args:
        output: the folder: ``<scene>.tif``, ``<scene>.png``, see `write_mosaics` and `gather_map_summaries`; whole or
            absent.
        folders: of one scene each, named after it, as `hqnn.report.pixels.scene_maps.map_new_scene` writes them.

    Raises:
        UserError: a map is damaged.
    """
    of_scenes = [Path(folder) for folder in folders]
    with whole_folder(output) as whole:
        maps = {folder.name: whole / f"{folder.name}.tif" for folder in of_scenes}
        for folder, path in zip(of_scenes, maps.values(), strict=True):
            for file in (path.name, path.with_suffix(".png").name):
                _link(folder / file, whole / file)
        mosaics = write_mosaics(whole, maps)
        gather_map_summaries(whole / SUMMARY, [folder / SUMMARY for folder in of_scenes])
    log.info("%d scenes, %d mosaics", len(maps), len(mosaics))


def _state(files: Sequence[Path]) -> dict[str, Any]:
    found = [(str(file), file.stat()) for file in files if file.is_file()]
    told = [(name, state.st_size, state.st_mtime_ns, state.st_ino) for name, state in found]
    digest = hashlib.sha256(repr(told).encode()).hexdigest()[:16]
    return {"digest": digest, "bytes": sum(state.st_size for _, state in found)}


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or one without links
        shutil.copy2(source, target)
