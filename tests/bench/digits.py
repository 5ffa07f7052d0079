"""Time study C's nets beside PennyLane and beside their own classical parts; write results/benchmarks/digits.json.

Times that are compared are measured in turn, step by step, so that whatever else the machine does meets all alike. A
step is forward and backward, and an optimiser's step where a net is trained. Times are medians.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from hqnn.circuits.library import build
from hqnn.models.classifier import Architecture, Classifier
from hqnn.models.hybrid import HybridClassifier
from hqnn.models.parallel import parallel_classifier
from hqnn.models.quanv import quanv_classifier
from hqnn.settings.fitting import Regime
from hqnn.settings.images.keys import ParallelSizes
from hqnn.training.differentiation import differentiate_by
from hqnn.training.seeds import fit_seeds

RESULT = Path(__file__).parents[2] / "results" / "benchmarks" / "digits.json"
EPOCH = 60_000
IMAGE, CLASSES = (28, 28, 1), 10
VISIT = {"shrink": 2, "kernel": 2, "stride": 4, "kernels": 4}
PATCHES = 12_544  # 64 images of 14 x 14 places
THREADS = {
    "one thread": {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"},
    "two threads, passive": {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "PASSIVE"},
    "two threads, spinning": {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "ACTIVE"},
}
JOBS_AT_ONCE = 2
Step = Callable[[], Any]


def generator() -> torch.Generator:
    """One that always starts alike."""
    return torch.Generator().manual_seed(0)


def parallel_net() -> HybridClassifier:
    """The net of 45,194 parameters."""
    architecture = Architecture("parallel", IMAGE, CLASSES, ParallelSizes().model_dump())
    program = build("angle_x-strongly_entangling-3", 5, [f"Y{wire}" for wire in range(5)])
    return parallel_classifier(architecture, program, generator())


def quanv_net() -> HybridClassifier:
    """The net whose kernel is a circuit."""
    program = build("angle_y-quanvolutional-1-cnots_into_first", 4)
    return quanv_classifier(Architecture("quanv", IMAGE, CLASSES, VISIT), program, generator())


def without_circuits(net: HybridClassifier) -> HybridClassifier:
    """The classical part alone."""
    net.register_module("quantum", nn.Identity())
    return net


def by_pennylane(net: HybridClassifier) -> HybridClassifier:
    """The same net with PennyLane's simulator and backpropagation."""
    differentiate_by(net, "backprop", "default.qubit")
    return net


def training(net: Classifier, batch: int) -> Step:
    """Steps of Adam on one batch of images."""
    rng = np.random.default_rng(0)
    images = torch.from_numpy(rng.integers(256, size=(batch, *IMAGE), dtype=np.uint8))
    labels = torch.from_numpy(rng.integers(CLASSES, size=batch))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.001, fused=True)

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(images), labels).backward()
        optimizer.step()

    return step


def on_patches(net: HybridClassifier) -> Step:
    """Forward and backward of the kernel alone."""
    angles = torch.rand(PATCHES, net.program.inputs, generator=generator()) * np.pi

    def step() -> None:
        net.quantum.weights.grad = None
        net.quantum(angles).sum().backward()

    return step


def sweep(seeds: int, together: bool) -> Step:
    """One epoch of the study's 500 images for every seed, all at once or one after the other."""
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(seeds, 500, *IMAGE), dtype=np.uint8)
    labels = rng.integers(CLASSES, size=(seeds, 500), dtype=np.uint8)
    regime = Regime(batch_size=32, epochs=1)
    parts = [slice(0, seeds)] if together else [slice(seed, seed + 1) for seed in range(seeds)]

    def step() -> None:
        for part in parts:
            own = range(seeds)[part]
            fit_seeds([quanv_net() for _ in own], images[part], labels[part], regime, seeds=list(own))

    return step


def medians_ms(steps: dict[str, Step], seconds: float) -> dict[str, float]:
    """Median time of warm steps that take turns."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for step in steps.values():
        step()
    begun = time.perf_counter()
    while len(next(iter(times.values()))) < 3 or time.perf_counter() - begun < seconds * len(steps):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: float(np.median(found)) for name, found in times.items()}


def memory_mb(key: str) -> float:
    """``VmRSS`` or ``VmHWM`` of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) * 1024 / 1e6


def extra_mb(step: Step) -> float:
    """How much higher memory stood during a step than before it."""
    before = memory_mb("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest memory so far
    step()
    return max(0.0, memory_mb("VmHWM") - before)


def entry(name: str, step: str, times: dict[str, float], **more: Any) -> dict[str, Any]:
    """One line of the result; the first time is ours."""
    ours, *others = times
    return {
        "name": name,
        "ours_ms": times[ours],
        "peers": {other: times[other] for other in others},
        "times_ours": {other: times[other] / times[ours] for other in others},
        "step": step,
        "dtype": "float32",
        "threads": torch.get_num_threads(),
        **more,
    }


def parallel_epoch(seconds: float, batch: int = 64) -> dict[str, Any]:
    """An epoch of MNIST, from steps of one batch."""
    steps = {
        "ours": training(parallel_net(), batch),
        "classical part alone": training(without_circuits(parallel_net()), batch),
        "default.qubit": training(by_pennylane(parallel_net()), batch),
    }
    extra = extra_mb(steps["ours"])
    times = {name: ms * EPOCH / batch for name, ms in medians_ms(steps, seconds).items()}
    over = times["ours"] / times["classical part alone"]
    said = f"60,000 images, batch {batch}"
    return entry("parallel_mnist_epoch", said, times, over_classical_part=over, extra_mb=extra)


def quanv_patches(seconds: float) -> dict[str, Any]:
    """The kernel on 12,544 patches."""
    steps = {"ours": on_patches(quanv_net()), "default.qubit": on_patches(by_pennylane(quanv_net()))}
    extra = extra_mb(steps["ours"])
    times = medians_ms(steps, seconds)
    return entry("quanv_patches", f"forward and backward, {PATCHES} patches", times, extra_mb=extra)


def quanv_seeds(seconds: float) -> dict[str, Any]:
    """Ten seeds at once."""
    steps = {"ours": sweep(10, True), "one seed after the other": sweep(10, False)}
    extra = extra_mb(steps["ours"])
    times = medians_ms(steps, seconds)
    return entry("quanv_ten_seeds_epoch", "10 x 500 images, batch 32", times, extra_mb=extra)


def threads(seconds: float) -> dict[str, Any]:
    """Two training jobs at once on this machine, by what OpenMP is told."""
    times = {name: _median_of_jobs(told, seconds) for name, told in THREADS.items()}
    step = f"a step of batch 64, {JOBS_AT_ONCE} jobs at once on {os.cpu_count()} cores"
    return entry("openmp_threads", step, times, extra_mb=None)


def _median_of_jobs(environment: dict[str, str], seconds: float) -> float:
    command = [sys.executable, __file__, "--classical-steps", str(seconds)]
    jobs = [
        subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True)
        for _ in range(JOBS_AT_ONCE)
    ]
    return float(np.mean([float(job.communicate()[0]) for job in jobs]))


CASES = {
    "parallel_mnist_epoch": parallel_epoch,
    "quanv_patches": quanv_patches,
    "quanv_ten_seeds_epoch": quanv_seeds,
    "openmp_threads": threads,
}


def line(found: dict[str, Any]) -> str:
    """One line of the table."""
    others = [f"{name} {ms:.1f} ({ms / found['ours_ms']:.2f}x)" for name, ms in found["peers"].items()]
    return f"{found['name']:24s}{found['ours_ms']:12.1f}  {'; '.join(others)}"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="lines to measure; all by default")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each time")
    parser.add_argument("--classical-steps", type=float, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.classical_steps:
        step = training(without_circuits(parallel_net()), 64)
        print(medians_ms({"ours": step}, arguments.classical_steps)["ours"])
        return
    torch.set_num_threads(1)
    entries = []
    for name, measure in CASES.items():
        if not arguments.names or name in arguments.names:
            entries.append(measure(arguments.seconds))
            print(line(entries[-1]), flush=True)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    measured_now = {found["name"] for found in entries}
    if RESULT.exists():
        entries += [found for found in json.loads(RESULT.read_text()) if found["name"] not in measured_now]
    RESULT.write_text(json.dumps(entries, indent=1) + "\n")
    print(f"wrote {RESULT}", file=sys.stderr)


if __name__ == "__main__":
    main()
