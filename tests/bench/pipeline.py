"""Time the pipeline: preparing pairs beside the usual way, whole runs, what scripts import, and a sweep of 10,000 jobs;
write results/benchmarks/pipeline.json.

The pairs are the real ones where they lie (HQNN_DATA, default ../shared/data), else synthetic; the name says which.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import yaml  # noqa: E402
from sweep import plant, sweep_config  # noqa: E402

from checkout import copy_checkout  # noqa: E402
from hqnn.data.synthetic.pairs import write_sample  # noqa: E402
from hqnn.store import write_text  # noqa: E402

SEEDS = 800  # 13 jobs each
RESULT = ROOT / "results" / "benchmarks" / "pipeline.json"

OURS = """
from hqnn.data.pixels.oscd import open_oscd
from hqnn.data.pixels.prepare import prepare_pixels
prepare_pixels(open_oscd({root!r}), {output!r}, bands="below20m")
"""

WHOLE_IMAGES = """
import numpy as np, rasterio
from rasterio.warp import Resampling, reproject
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from hqnn.data.pixels.bands import BAND_SETS, BANDS
from hqnn.data.pixels.oscd_files import open_city, split_of
pixels = {{"train": [], "test": []}}
for split, names in split_of({root!r}).items():
    for name in names:
        city = open_city({root!r}, name)
        with rasterio.open(city.dates[0]["B02"]) as grid:
            shape, place = grid.shape, dict(dst_transform=grid.transform, dst_crs=grid.crs)
        cube = np.empty((2, len(BANDS), *shape), np.float32)
        for date in (0, 1):
            for number, band in enumerate(BANDS):
                with rasterio.open(city.dates[date][band]) as source:
                    reproject(rasterio.band(source, 1), cube[date, number], resampling=Resampling.bilinear, **place)
        pixels[split].append(cube[:, :, ::10, ::10].reshape(2, len(BANDS), -1))
chosen = [BANDS.index(band) for band in BAND_SETS["below20m"]]
train, test = (np.concatenate(pixels[split], axis=2)[:, chosen] for split in ("train", "test"))
for date in (0, 1):
    scaler = StandardScaler().fit(train[date].T)
    pca = PCA(4).fit(scaler.transform(train[date].T))
    np.save({output!r} + f"{{date}}.npy", pca.transform(scaler.transform(test[date].T)))
"""


def timed(command: list[str], folder: Path = ROOT, runs: int = 1) -> tuple[float, float]:
    """The shortest of some runs in ms, and the peak resident memory of the last in MB."""
    best = float("inf")
    for _ in range(runs):
        started = time.perf_counter()
        child = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        if status != 0:
            raise SystemExit(f"{' '.join(command)[:200]} failed in {folder}")
        best = min(best, (time.perf_counter() - started) * 1e3)
    return best, usage.ru_maxrss / 1024


def preparing(scratch: Path) -> dict[str, object]:
    """Preparing all cities, process start included, beside reading whole images."""
    real = (ROOT / os.environ.get("HQNN_DATA", "../shared/data") / "oscd").resolve()
    if not real.is_dir():
        write_sample(scratch / "sample", seed=0)
    root = str(real if real.is_dir() else scratch / "sample")
    ways = (way.format(root=root, output=str(scratch / "out")) for way in (OURS, WHOLE_IMAGES))
    (ours, memory), (theirs, theirs_memory) = (timed([sys.executable, "-c", way], runs=3) for way in ways)
    return {
        "name": f"prepare_{'real' if real.is_dir() else 'sample'}",
        "ours_ms": ours,
        "peers": {"rasterio.warp.reproject of whole images + scikit-learn": theirs},
        "extra_mb": memory,
        "peers_mb": theirs_memory,
    }


def running(scratch: Path) -> list[dict[str, object]]:
    """The demo on two cores, the same again, and a dry run."""
    checkout = copy_checkout(ROOT, scratch / "checkout")
    (checkout.folder / "config/config.yaml").write_text((ROOT / "config/config.yaml").read_text())
    snakemake = [str(Path(sys.executable).parent / "snakemake"), "--cores", "2"]
    rows = []
    for name, command in (("demo", snakemake), ("demo_again", snakemake), ("dry_run", [*snakemake, "-n"])):
        ours, memory = timed(command, checkout.folder)
        rows.append({"name": name, "ours_ms": ours, "peers": {}, "extra_mb": memory})
    return rows


def importing() -> list[dict[str, object]]:
    """What each script imports that no process has imported before it."""
    rows = []
    for script in sorted((ROOT / "scripts").glob("*.py")):
        text = script.read_text(encoding="utf-8")
        if "forked=True" not in text:
            names = re.findall(r"^ +from (hqnn\.[\w.]+) import", text, re.MULTILINE)
            command = [sys.executable, "-c", f"import snakemake.script, hqnn.job, {', '.join(names)}"]
            ours, memory = timed(command, ROOT / "scripts", runs=2)
            rows.append({"name": f"import_{script.stem}", "ours_ms": ours, "peers": {}, "extra_mb": memory})
    return rows


def sweeping(scratch: Path, seeds: int = SEEDS) -> list[dict[str, object]]:
    """A plan of many jobs; scores of all their files, of one that changed, and of none; the page; and nothing to do."""
    checkout = copy_checkout(ROOT, scratch / "sweep", sweep_config(1))
    results = checkout.folder / "results"
    snakemake = [str(Path(sys.executable).parent / "snakemake"), "--cores", "2"]
    timed(snakemake, checkout.folder)
    (checkout.folder / "config/config.yaml").write_text(yaml.safe_dump(sweep_config(seeds)))
    scores = [*snakemake, "results/sweep/metrics.csv"]
    steps: list[tuple[str, list[str], Callable[[], object]]] = [
        ("dry_run", [*snakemake, "-n"], lambda: None),
        ("gather", scores, lambda: plant(results, seeds)),
        ("gather_one", scores, min(results.rglob("predictions.h5")).touch),
        ("page", snakemake, lambda: None),
        ("nothing", snakemake, lambda: None),
    ]
    rows: list[dict[str, object]] = []
    for name, command, before in steps:
        before()
        ours, memory = timed(command, checkout.folder)
        rows.append({"name": f"sweep_{name}", "ours_ms": ours, "peers": {}, "extra_mb": memory})
    return rows


def main() -> None:
    """Run everything; print a line each."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        rows = [preparing(place), *running(place), *importing(), *sweeping(place)]
    for row in rows:
        print(f"{row['name']:<16} {row['ours_ms']:>10.0f} ms  {row['extra_mb']:>6.0f} MB  {row['peers'] or ''}")
    write_text(RESULT, json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
