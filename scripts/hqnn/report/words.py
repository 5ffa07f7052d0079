"""What a reader calls metrics and execution paths, and in which order they stand."""

from __future__ import annotations

METRIC_NAMES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "recall_change": "recall, change",
    "recall_no_change": "recall, no change",
    "precision": "precision",
    "f1": "F1",
    "iou": "IoU",
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "sureness": "sureness",
    "confidence": "confidence",
    "confidence_std": "confidence, std",
    "imbalance": "imbalance",
    "imbalance_normalised": "imbalance / samples",
}
COUNTS = ("tn", "fp", "fn", "tp", "imbalance")
PHASES = ("ideal", "device", "noisy")
PATHS = ("exact", "shots", "noisy", "hardware")


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


def plural(count: int, noun: str) -> str:
    """A number with its noun, such as ``1 seed`` or ``6,569 samples``."""
    ending = "" if count == 1 else "s"
    stem = noun[:-1] + "ie" if ending and noun.endswith("y") else noun
    return f"{count:,} {stem}{ending}"
