"""Time the engine on a GPU beside its CPU and other simulators; print a table and write results/benchmarks/gpu.json.

A step is forward and backward, with gradients to inputs and weights, in float32; trajectories are forward only. One
sample of the time is the median of three steps after one that warms up. All ends within five minutes: what would begin
later is left out and said to be.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

warnings.filterwarnings("ignore")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

import engine_peers as peers  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from engine import damped  # noqa: E402

from hqnn.circuits.library import build  # noqa: E402
from hqnn.circuits.program import Program  # noqa: E402
from hqnn.engine import QuantumLayer  # noqa: E402
from hqnn.engine.trajectories import Trajectories  # noqa: E402

RESULT = Path(__file__).parents[2] / "results" / "benchmarks" / "gpu.json"
LIMIT_S, STEP_S = 270.0, 10.0  # of all, and of a step beyond which larger ones of its kind are left out
MEMORY_MB = 16_000.0
BATCHES = (500, 5_000, 100_000)
ONCE, OFTEN = "angle_y-simplified_two_design-3", "angle_y-simplified_two_design-3-reupload"
WIDE = ((12, 500), (16, 500), (20, 64), (24, 8))
JUMPING = (16, 20)  # wires of trajectories

Step = Callable[[], object]


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    name: str
    program: Program
    batch: int
    noisy: bool = False
    trajectories: int = 0


def cases() -> Iterator[Case]:
    """All lines, the small ones first; each circuit is traced when its turn comes."""
    once, often = build(ONCE, 8, ["Z1"]), build(OFTEN, 8, ["Z1"])
    for batch in BATCHES:
        yield Case(f"8 wires, inputs once, ideal, batch {batch}", once, batch)
        yield Case(f"8 wires, inputs once, noisy, batch {batch}", once, batch, noisy=True)
        yield Case(f"8 wires, inputs again, ideal, batch {batch}", often, batch)
    yield Case("12 wires, inputs once, noisy, batch 500", build(ONCE, 12, ["Z1"]), 500, noisy=True)
    for wires, batch in WIDE:
        yield Case(f"{wires} wires, inputs again, ideal, batch {batch}", build(OFTEN, wires, ["Z1"]), batch)
        if wires in JUMPING:
            name = f"{wires} wires, noisy, 100 trajectories of 4 samples"
            yield Case(name, build(ONCE, wires, ["Z1"]), 4, noisy=True, trajectories=100)


def ours(case: Case, device: str) -> Step:
    """The engine on one device, waiting for what the device does."""
    inputs = np.random.default_rng(0).uniform(-3, 3, (case.batch, case.program.inputs))
    noise = damped(case.program) if case.noisy else None
    if case.trajectories and noise is not None:
        weights = np.random.default_rng(1).uniform(0, 6, case.program.weights)
        run = Trajectories(case.program, noise, weights, count=case.trajectories, seed=0, device=device)
        return lambda: run(inputs)
    layer = QuantumLayer(case.program, noise, dtype=torch.float32, device=device, memory_limit_mb=MEMORY_MB)
    x = torch.tensor(inputs, dtype=torch.float32, device=device, requires_grad=True)

    def step() -> None:
        layer.zero_grad()
        x.grad = None
        torch.autograd.backward(layer(x).sum())
        if device == "cuda":
            torch.cuda.synchronize()

    return step


def theirs(case: Case, peer: Callable[..., Step]) -> Step:
    """Another simulator, wherever its users have it run."""
    if case.noisy:
        raise peers.MissingError("simulates pure states only")
    inputs = np.random.default_rng(0).uniform(-3, 3, (case.batch, case.program.inputs))
    weights = np.random.default_rng(1).uniform(0, 6, case.program.weight_shape)
    return peer(case.program, None, inputs, weights, True)


def milliseconds(prepare: Callable[[], Step]) -> tuple[float | None, str]:
    """The median of three steps after a first, or why there is none."""
    try:
        step = prepare()
        times = []
        for _ in range(4):
            started = time.perf_counter()
            step()
            times.append(time.perf_counter() - started)
            if times[-1] > STEP_S:
                break
        return 1e3 * median(times[1:] or times), ""
    except Exception as error:  # whatever a simulator says stands in the file
        return None, f"{type(error).__name__}: {error}".splitlines()[0][:100]


def main() -> None:
    """Run all cases that fit into the time."""
    started = time.perf_counter()
    if not torch.cuda.is_available():
        print(f"torch {torch.__version__} sees no GPU; its column stays empty", file=sys.stderr)
    columns: dict[str, Callable[[Case], Step]] = {
        "cuda": lambda case: ours(case, "cuda"),
        "cpu": lambda case: ours(case, "cpu"),
        "tensorcircuit": lambda case: theirs(case, peers.tensorcircuit("Circuit")),
        "lightning.gpu": lambda case: theirs(case, peers.pennylane("lightning.gpu", "adjoint")),
    }
    rows: list[dict[str, object]] = []
    slow: set[object] = set()
    print(f"{'ms a step':<52}" + "".join(f"{name:>16}" for name in columns))
    for case in cases():
        row: dict[str, object] = {"name": case.name}
        for name, prepare in columns.items():
            kind = name, case.noisy, case.trajectories
            if time.perf_counter() - started > LIMIT_S or kind in slow:
                row |= {name: None, f"{name} why": "left out: no time"}
                continue
            value, why = milliseconds(partial(prepare, case))
            row |= {name: value, f"{name} why": why}
            if value is not None and value > 1e3 * STEP_S:
                slow.add(kind)
        rows.append(row)
        cells = [f"{row[name]:>16.3g}" if row[name] is not None else f"{'–':>16}" for name in columns]
        print(f"{case.name:<52}" + "".join(cells), flush=True)
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"gpu": device, "torch": torch.__version__, "cases": rows}, indent=1))
    print(f"{device}, {time.perf_counter() - started:.0f} s, {RESULT}")


if __name__ == "__main__":
    main()
