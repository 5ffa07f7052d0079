"""What strangers' files may try: to write elsewhere, to fill memory or disk, to run something, to be taken for text."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import re
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import scipy.io
import torch
from PIL import Image
from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError

from hqnn.data import inflation
from hqnn.data.archives import unpack
from hqnn.data.images.npz import open_npz
from hqnn.data.images.prepare import prepare_small_images
from hqnn.data.pixels.arrays import list_arrays
from hqnn.data.pixels.safe import open_products
from hqnn.data.table.arrays import read_hdf5, read_npz
from hqnn.data.table.readers import read_rows
from hqnn.data.table.roles import Roles
from hqnn.data.table.text import read_text
from hqnn.errors import UserError
from hqnn.models.backbone_weights import read_tensors
from hqnn.noise.plain_files import read_plain
from hqnn.settings.study import Baseline
from hqnn.store import read_table
from hqnn.training.checkpoints import read_checkpoint

Member = dict[str, Any]
ZEROS = 5_000_000  # bytes that compress to some five thousand
HOSTILE_NAMES = ("-rf", '<b>"x"<i>', "a\nb", "{input}", "it's $(touch made) `x`", "&amp;", "ü é")


class Hostile:
    """Makes a folder as soon as it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (self.path,)


def tarred(path: Path, *members: Member) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member in members:
            content = member.pop("content", b"")
            info = tarfile.TarInfo()
            for key, value in {"size": len(content), "mode": 0o644, **member}.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ({"name": "../out"}, r"holds '\.\./out', which would lie outside"),
        ({"name": "link", "type": tarfile.SYMTYPE, "linkname": "../../out"}, "holds 'link', which would lie outside"),
        ({"name": "link", "type": tarfile.LNKTYPE, "linkname": "/etc/passwd"}, "which would lie outside"),
        ({"name": "disk", "type": tarfile.BLKTYPE, "devmajor": 8}, "holds 'disk', a device or a pipe; do not trust"),
        ({"name": "null", "type": tarfile.CHRTYPE, "devmajor": 1}, "holds 'null', a device or a pipe"),
        ({"name": "pipe", "type": tarfile.FIFOTYPE}, "holds 'pipe', a device or a pipe"),
    ],
)
def test_a_tar_archive_makes_nothing_but_files_in_its_folder(tmp_path: Path, member: Member, message: str) -> None:
    archive = tarred(tmp_path / "a.tar.gz", {"name": "good", "content": b"x"}, member)
    (tmp_path / "below/folder").mkdir(parents=True)
    with pytest.raises(UserError, match=message):
        unpack(archive, tmp_path / "below/folder")
    assert {path.name for path in tmp_path.rglob("*")} <= {"a.tar.gz", "below", "folder", "good"}


def test_what_an_archive_holds_gets_no_rights_of_others_and_zip_makes_no_links(tmp_path: Path) -> None:
    unpack(tarred(tmp_path / "a.tar.gz", {"name": "run", "content": b"x", "mode": 0o6777}), tmp_path / "tar")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, mode in (("run", stat.S_IFREG | 0o6777), ("link", stat.S_IFLNK | 0o777)):
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, "/etc/passwd")
    unpack(tmp_path / "a.zip", tmp_path / "zip")
    for file in (tmp_path / "tar/run", tmp_path / "zip/run", tmp_path / "zip/link"):
        mode = file.lstat().st_mode
        assert stat.S_ISREG(mode) and not mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWOTH)


def zip_bomb(folder: Path) -> None:
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(ZEROS))
    unpack(folder / "bomb.zip", folder / "out")


def tar_bomb(folder: Path) -> None:
    members = ({"name": f"zeros{part}", "content": bytes(ZEROS // 5)} for part in range(5))
    unpack(tarred(folder / "bomb.tar.gz", *members), folder / "out")


def npz_bomb_of_rows(folder: Path) -> None:
    np.savez_compressed(folder / "bomb.npz", features=np.zeros((ZEROS // 8, 1)), labels=np.zeros(ZEROS // 8))
    read_npz(folder / "bomb.npz", Roles())


def npz_bomb_of_images(folder: Path) -> None:
    images = np.zeros((ZEROS // 100, 10, 10), dtype=np.uint8)
    np.savez_compressed(folder / "bomb.npz", images=images, labels=np.zeros(len(images), dtype=np.uint8))
    open_npz(folder)


def hdf5_bomb_of_rows(folder: Path) -> None:
    with h5py.File(folder / "bomb.h5", "w") as file:
        file.create_dataset("features", (10**11, 8), dtype="f4", chunks=(1000, 8))  # 3 TB of which nothing is on disk
        file["labels"] = np.zeros(3)
    read_hdf5(folder / "bomb.h5", Roles())


def hdf5_bomb_of_pixels(folder: Path) -> None:
    with h5py.File(folder / "bomb.mat", "w") as file:
        file.create_dataset("cube", (10**5, 10**5, 20), dtype="f4", chunks=(10, 10, 20))
    list_arrays(folder / "bomb.mat")


def mat_bomb(folder: Path) -> None:
    scipy.io.savemat(folder / "bomb.mat", {"cube": np.zeros((1000, 1000, 5), np.uint8)}, do_compression=True)
    list_arrays(folder / "bomb.mat")


def csv_bomb(folder: Path) -> None:
    (folder / "bomb.csv.gz").write_bytes(gzip.compress(b"a,label\n" + b"0,0\n" * (ZEROS // 4)))
    read_text(folder / "bomb.csv.gz")


def idx_bomb(folder: Path) -> None:
    for part in ("train", "t10k"):
        images = struct.pack(">4I", 0x803, 4_000_000_000, 28, 28) + bytes(ZEROS)
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        labels = struct.pack(">2I", 0x801, 4_000_000_000) + bytes(ZEROS)
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    prepare_small_images(folder, folder / "out.h5")


BOMBS = (zip_bomb, tar_bomb, npz_bomb_of_rows, npz_bomb_of_images, hdf5_bomb_of_rows, hdf5_bomb_of_pixels)
BOMBS += (mat_bomb, csv_bomb, idx_bomb)


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb.__name__)
def test_a_small_file_that_would_become_a_large_one_is_refused_before_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bomb: Callable[[Path], None]
) -> None:
    monkeypatch.setattr(inflation, "HARMLESS_BYTES", ZEROS // 2)
    with pytest.raises(UserError, match=r"would become .* GB from .* MB, as decompression bombs do"):
        bomb(tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < ZEROS


def test_what_compresses_well_but_stays_small_is_read(tmp_path: Path) -> None:
    npz_bomb_of_images(tmp_path)
    zip_bomb(tmp_path)
    assert (tmp_path / "out/zeros").stat().st_size == ZEROS


def zip_pipe(folder: Path) -> None:
    os.mkfifo(folder / "set.zip")
    prepare_small_images(folder, folder / "out.h5")


def named_pipe(name: str, read: Callable[[Path], object]) -> Callable[[Path], None]:
    def named(folder: Path) -> None:
        os.mkfifo(folder / name)
        read(folder / name)

    return named


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (zip_pipe, "holds no IDX files, .* and no archive of such"),
        (named_pipe("weights.pth", read_tensors), r"weights\.pth is a pipe, a device or a socket; name a file"),
        (named_pipe("calibration.yaml", read_plain), r"calibration\.yaml is a pipe"),
        (named_pipe("cube.tif", list_arrays), r"cube\.tif is a pipe"),
        (named_pipe("rows.csv", read_rows), r"rows\.csv is no file; name a table of rows"),
    ],
    ids=["archive", "weights", "calibration", "raster", "rows"],
)
def test_a_pipe_is_not_waited_for(tmp_path: Path, read: Callable[[Path], None], message: str) -> None:
    with pytest.raises(UserError, match=message):
        read(tmp_path)


def test_nothing_that_is_pickled_in_weights_checkpoints_or_arrays_is_run(tmp_path: Path) -> None:
    made = tmp_path / "made"
    torch.save({"weight": Hostile(made)}, tmp_path / "weights.pth")
    with pytest.raises(UserError, match=r"weights\.pth cannot be read as weights"):
        read_tensors(tmp_path / "weights.pth")
    torch.save({"digest": "0", "state": Hostile(made)}, tmp_path / "checkpoint.pt")
    assert read_checkpoint(tmp_path / "checkpoint.pt", "0") is None
    hostile = np.array([Hostile(made)], dtype=object)
    np.savez(tmp_path / "rows.npz", features=hostile, labels=np.zeros(1))
    with pytest.raises(UserError, match="holds Python objects"):
        read_npz(tmp_path / "rows.npz", Roles())
    np.savez(tmp_path / "images.npz", images=hostile, labels=np.zeros(1))
    with pytest.raises(UserError, match="holds Python objects"):
        open_npz(tmp_path, subset="images")
    for name in ("cube.mat", "cube.npy"):
        (tmp_path / name).write_bytes(pickle.dumps(Hostile(made)))
        with pytest.raises(UserError):
            list_arrays(tmp_path / name)
    assert not made.exists()


def test_entities_of_xml_do_not_grow(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE a [<!ENTITY e0 "0123456789">{entities}]><a>&e9;</a>'  # 10 GB
    product = tmp_path / "S2A.SAFE"
    product.mkdir()
    (product / "MTD_MSIL2A.xml").write_text(bomb)
    with pytest.raises(UserError, match=r"MTD_MSIL2A\.xml cannot be read \(limit on input amplification"):
        open_products(product)


def test_yaml_makes_nothing_but_numbers_and_text(tmp_path: Path) -> None:
    made = tmp_path / "made"
    tag = f"!!python/object/apply:os.mkdir ['{made}']"
    (tmp_path / "calibration.yaml").write_text(f"qubits: {tag}\n")
    with pytest.raises(UserError, match=r"calibration\.yaml"):
        read_plain(tmp_path / "calibration.yaml")
    with pytest.raises(ValueError, match="C"):
        Baseline.model_validate({"estimator": "SVC", "C": tag})
    (tmp_path / "config.yaml").write_text(f"studies: {tag}\n")
    with pytest.raises(WorkflowError, match="not valid JSON or YAML"):
        load_configfile(str(tmp_path / "config.yaml"))
    assert not made.exists()


def test_names_of_classes_and_files_are_names_whatever_they_hold(tmp_path: Path) -> None:
    for name in HOSTILE_NAMES:
        for part in range(2):
            path = tmp_path / "raw" / name / f"{name} {part}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (4, 4), 40 * part).save(path)
    prepare_small_images(tmp_path / "raw", tmp_path / "samples.h5", size=4)
    columns, about = read_table(tmp_path / "samples.h5")
    assert tuple(about["classes"]) == tuple(sorted(HOSTILE_NAMES))
    files = {name.decode() for name in columns["source"]}
    assert {Path(file).parent.name for file in files} == set(HOSTILE_NAMES)


def test_no_rule_puts_a_file_s_name_into_a_shell_unquoted(root: Path) -> None:
    for file in [root / "workflow/Snakefile", *(root / "workflow/rules").glob("*.smk")]:
        text = file.read_text(encoding="utf-8")
        for block in re.findall(r"^    shell:\n((?: {8}.*\n)+)", text, flags=re.MULTILINE):
            assert not re.findall(r"\{(?!log\}|threads\})[\w.\[\]]+(?!:q)\}", block), f"{file.name}: write it as :q"


def test_the_library_neither_runs_what_it_reads_nor_asks_a_shell(root: Path) -> None:
    runs = r"(?<![\w.])(eval|exec|os\.(system|popen)|yaml\.(?!safe)\w*load|pickle\.loads?)\(|(shell|allow_pickle)=True"
    for file in (root / "scripts").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(runs, text), file
        for line in (line for line in text.splitlines() if "torch.load(" in line):
            assert "weights_only=True" in line, f"{file}: {line}"
