"""What a reader calls metrics and execution paths, in which order they stand, and how numbers are said."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

METRIC_NAMES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "recall": "recall",
    "recall_change": "recall, change",
    "recall_no_change": "recall, no change",
    "precision": "precision",
    "f1": "F1",
    "macro_f1": "macro F1",
    "kappa": "kappa",
    "mcc": "MCC",
    "iou": "IoU",
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "log_loss": "log loss",
    "sureness": "sureness",
    "confidence": "confidence",
    "confidence_std": "confidence, std",
    "imbalance": "imbalance",
    "imbalance_normalised": "imbalance / samples",
    "same_answers": "answers as without noise or sampling",
    "top1_error": "top-1 error",
    "training_s": "training time",
    "qpu_s": "QPU time",
    "t1_us": "T1, µs",
    "t2_us": "T2, µs",
    "cx_error": "CX error",
}
EPOCH = re.compile(r"_epoch_(\d+)$")
OF_CLASSES = ("recall_", "precision_", "f1_")
COUNTS = ("tn", "fp", "fn", "tp", "imbalance")
WHOLE = (
    *COUNTS,
    "best_epoch",
    "epochs",
    "kept_epoch",
    "executions_backward",
    "executions_forward",
    "kernel_parameters",
    "parameters",
    "quantum_volume",
    "qubits",
)
SECONDS = ("training_s", "qpu_s")
TRAINERS = {
    "pennylane": "PennyLane",
    "cirq": "Cirq",
    "qiskit": "Qiskit",
    "backprop": "backpropagation",
    "finite_diff": "finite differences",
    "parameter_shift": "parameter shift",
}
SIMULATORS = {"default.qubit": "PennyLane", "cirq.simulator": "Cirq", "qiskit.aer": "Qiskit Aer"}
PHASES = ("ideal", "device", "noisy", "hardware")
PATHS = ("exact", "shots", "noisy", "hardware")


def metric_name(metric: str) -> str:
    """What a reader calls a metric, such as ``train accuracy, epoch 3`` or ``recall, bare soil``."""
    at = EPOCH.search(metric)
    stem, epoch = (metric[: at.start()], at[1]) if at else (metric, "")
    of = next((of for of in OF_CLASSES if stem.startswith(of)), "")
    words = f"{METRIC_NAMES[of[:-1]]}, {stem.removeprefix(of).replace('_', ' ')}" if of else stem.replace("_", " ")
    return METRIC_NAMES.get(stem, words) + (f", epoch {epoch}" if epoch else "")


def duration(seconds: float) -> str:
    """A time as a reader takes it in: ``8.31 s``, ``36:20 min``, ``17 h 02 min`` or ``4 d 06 h``."""
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    if seconds < 36_000:
        return f"{clock(seconds)} min"
    minutes = round(seconds / 60)
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    hours = round(seconds / 3600)
    return f"{hours // 24} d {hours % 24:02d} h"


def clock(seconds: float) -> str:
    """A time as minutes:seconds, below a minute with tenths."""
    if seconds < 59.95:
        return f"0:{seconds:04.1f}"
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def split_name(dataset: str) -> str:
    """A data set's split, such as ``70:15:15 by site`` for ``sample-70_15_15_site``."""
    *sizes, group = [*dataset.partition("-")[2].split("_", 3), "", "", ""][:4]
    name = ":".join(size.replace("p", ".") for size in sizes if size)
    return f"{name} by {group}" if group else name


def trainer_name(phase: str) -> str:
    """Who trained a model without noise: the engine in phase ``ideal``, else what the phase names."""
    name = phase.partition("-")[2]
    return TRAINERS.get(name, name.replace("_", " ")) if name else "engine"


def trainer_order(phase: str) -> tuple[int, str]:
    """Where a trainer stands: the engine, those of `TRAINERS`, then others by name."""
    names = ["", *TRAINERS]
    name = phase.partition("-")[2]
    return (names.index(name) if name in names else len(names), name)


def full_path(path: str, backend: str) -> str:
    """An execution path as the paths of results say it: with its backend, where there is a choice of one."""
    return f"{path}-{backend}" if path in ("noisy", "hardware") else path


def path_order(path: str) -> tuple[int, str]:
    """Where an execution path stands: exact, shots, noisy, hardware, then others by name."""
    kind = path.split("-")[0]
    return (PATHS.index(kind) if kind in PATHS else len(PATHS), path)


def path_name(path: str) -> str:
    """An execution path with its backend, such as ``noisy, ibm_brisbane``."""
    return path.replace("-", ", ", 1)


def path_names(paths: Iterable[str]) -> str:
    """Execution paths in their order, such as ``exact; shots; noisy, ibm_brisbane``."""
    return "; ".join(map(path_name, sorted(set(paths), key=path_order)))


def percent(shares: ArrayLike, decimals: int = 1) -> str:
    """Shares in percent, such as ``93.1 ± 0.4``: their mean and, of several, standard deviation."""
    values = np.asarray(shares, dtype=float)
    return f"{100 * values.mean():.{decimals}f}{_spread(values, decimals)}"


def points(gaps: ArrayLike, decimals: int = 1) -> str:
    """Differences of shares in percentage points, such as ``+1.2 ± 0.3``: likewise, with the sign."""
    values = np.asarray(gaps, dtype=float)
    return f"{signed(100 * values.mean(), decimals)}{_spread(values, decimals)}"


def signed(value: float, decimals: int = 1) -> str:
    """A number with its sign; zero is never negative."""
    return f"{round(value, decimals) + 0.0:+.{decimals}f}".replace("-", "−")


def _spread(shares: NDArray[np.float64], decimals: int) -> str:
    return f" ± {100 * shares.std():.{decimals}f}" if shares.size > 1 else ""
