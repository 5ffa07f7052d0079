"""What was scored before is not scored again, and what comes out is what scoring all of it anew gives."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from hqnn import store
from hqnn.metrics import evaluate as scoring
from hqnn.metrics.clusters import Origins
from hqnn.metrics.evaluate import evaluate_study
from hqnn.metrics.reading import ReadAhead, read_scored
from hqnn.metrics.table import read_metrics, write_metrics
from hqnn.metrics.tidy import tidy
from hqnn.store import write_table

DRAWS = 0


def predicted(folder: Path, seed: int, path: str, samples: int, draw: int = 0) -> Path:
    rng = np.random.default_rng([seed, draw])
    file = folder / f"{path}{seed}.h5"
    columns = {
        "sample": np.arange(samples),
        "label": np.arange(samples, dtype=np.uint8) % 2,
        "probability": rng.random(samples),
        "predicted": rng.integers(2, size=samples).astype(np.uint8),
    }
    about = {"study": "s", "dataset": "d", "model": "m", "phase": "ideal", "path": path, "backend": "b", "seed": seed}
    write_table(file, columns, about)
    return file


def test_a_sweep_s_next_run_scores_what_is_new_and_gives_what_scoring_all_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    scored: list[str] = []
    alone = scoring.scores_of
    monkeypatch.setattr(scoring, "scores_of", lambda file, *a, **k: scored.append(file.name) or alone(file, *a, **k))
    output = tmp_path / "grown/metrics.csv"

    def run(files: list[Path], expected: set[str], code: str = "") -> None:
        scored.clear()
        evaluate_study(output, predictions=files, draws=DRAWS, code=code)
        assert set(scored) == expected
        evaluate_study(tmp_path / "anew/metrics.csv", predictions=files, draws=DRAWS)
        (tmp_path / "anew/metrics.parquet").unlink()
        assert output.read_bytes() == (tmp_path / "anew/metrics.csv").read_bytes()

    files = [predicted(tmp_path, seed, "exact", 40) for seed in (0, 1, 2)]
    run(files, {"exact0.h5", "exact1.h5", "exact2.h5"})
    run(files, set())
    predicted(tmp_path, 1, "exact", 40, draw=1)
    run(files, {"exact1.h5"})
    files.insert(0, predicted(tmp_path, 3, "exact", 50))
    run(files[:-1], {"exact3.h5"})
    run(files, {"exact2.h5"})  # which was left out for a run
    files.append(predicted(tmp_path, 0, "shots", 20))  # the seeds share a test set, so all get a subset
    run(files, {"exact0.h5", "exact1.h5", "exact2.h5", "shots0.h5"})
    run(files, {file.name for file in files}, code="another")
    assert not caplog.messages
    output.with_suffix(".parquet").write_bytes(b"PAR1 damaged")
    run(files, {file.name for file in files}, code="another")
    said = f"{output.with_suffix('.parquet')} is damaged or of another form; every file is scored again"
    assert caplog.messages == [said]


def test_a_known_file_is_not_read(tmp_path: Path) -> None:
    file, output = predicted(tmp_path, 0, "exact", 40), tmp_path / "metrics.csv"
    evaluate_study(output, predictions=[file], draws=0)
    before, times = read_metrics(output), file.stat()
    file.write_bytes(b"\0" * times.st_size)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    evaluate_study(output, predictions=[file], draws=0)
    assert read_metrics(output).equals(before)


@pytest.mark.parametrize("held", [4, 3])
def test_a_file_is_read_once_as_far_as_there_is_room_and_scored_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    files = [predicted(tmp_path, seed, "exact", 40) for seed in range(4)]
    of_columns = 40 * (8 + 1 + 8 + 1)
    room = files[0].stat().st_size + (held - 1) * of_columns
    read: Counter[str] = Counter()
    opened = store.open_table
    monkeypatch.setattr(store, "open_table", lambda path: read.update([Path(path).name]) or opened(path))
    monkeypatch.setattr(scoring, "ReadAhead", lambda: ReadAhead(room))
    evaluate_study(tmp_path / "metrics.csv", predictions=files, draws=3)
    assert [read[file.name] for file in files] == [1] * held + [2] * (4 - held)
    alone = tidy([scoring.scores_of(file, read_scored(file), Origins([]), draws=3) for file in files])
    write_metrics(tmp_path / "alone.csv", [alone])
    assert (tmp_path / "metrics.csv").read_bytes() == (tmp_path / "alone.csv").read_bytes()
