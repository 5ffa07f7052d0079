"""Time the engine beside other simulators, in one run on one machine; write results/benchmarks/engine.json.

A step is forward and backward, with gradients to inputs and weights; inference is forward only. All are warm: what is
compiled was compiled before, and that time is told apart. Times are medians.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
warnings.filterwarnings("ignore")

import engine_peers as peers  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

from hqnn.circuits.amplitude import prepared  # noqa: E402
from hqnn.circuits.library import build  # noqa: E402
from hqnn.circuits.program import Program  # noqa: E402
from hqnn.engine import QuantumLayer  # noqa: E402
from hqnn.noise import channels  # noqa: E402
from hqnn.noise.model import NoiseModel, Readout  # noqa: E402

RESULT = Path(__file__).parents[2] / "results" / "benchmarks" / "engine.json"
PEERS: dict[str, Callable[..., peers.Step]] = {
    "default.qubit": peers.pennylane("default.qubit", "backprop"),
    "lightning.qubit": peers.pennylane("lightning.qubit", "adjoint"),
    "default.mixed": peers.pennylane("default.mixed", "backprop"),
    "tensorcircuit": peers.tensorcircuit("Circuit"),
    "tensorcircuit DM": peers.tensorcircuit("DMCircuit"),
    "aer": peers.aer,
}
DTYPES = {"default.qubit": "complex128", "lightning.qubit": "complex128", "default.mixed": "complex128"} | {
    "tensorcircuit": "complex64",
    "tensorcircuit DM": "complex64",
    "aer": "complex128",
}


@dataclass
class Case:
    """One line of the table.

    Attributes:
        name: of the line.
        program: what runs.
        batch: samples.
        noise: or None.
        copies: circuits in parallel; peers run them one after the other.
        gradients: whether the step goes backward too.
        rivals: peers that take part, with what is said of those that cannot.
        ideal_for: peers that run the abstract circuit without noise instead, for scale.
    """

    name: str
    program: Program
    batch: int
    noise: NoiseModel | None = None
    copies: int = 1
    gradients: bool = True
    rivals: tuple[str, ...] = ("default.qubit", "lightning.qubit", "tensorcircuit")
    excused: dict[str, str] = field(default_factory=dict)


def damped(program: Program) -> NoiseModel:
    """Amplitude damping and depolarising after every gate, asymmetric readout."""
    found = {}
    for gate in program.gates:
        relaxed = channels.tensor(*[channels.amplitude_damping(0.01 * (1 + w)) for w in gate.wires])
        found[gate.name, gate.wires] = channels.compose(relaxed, channels.depolarizing(0.01, len(gate.wires)))
    return NoiseModel("damped", found, {w: Readout(0.01, 0.03) for w in range(program.wires)})


def on_brisbane(program: Program) -> tuple[Program, NoiseModel]:
    """The native program on FakeBrisbane, and that backend's noise with asymmetric readout."""
    from qiskit_ibm_runtime.fake_provider import FakeBrisbane

    from hqnn.execution.compilation import compile_program
    from hqnn.noise.aer import from_backend

    backend = FakeBrisbane()
    native = compile_program(program, backend, seed=0, layouts=1).program
    noise = from_backend(backend)
    readout = {q: Readout(1.2 * r.p10, 0.8 * r.p01) for q, r in noise.readout.items()}
    return native, NoiseModel(noise.name, noise.channels, readout)


def cases() -> list[Case]:
    """All lines."""
    o8 = build("angle_y-simplified_two_design-3", 8, ["Z1"])
    native, brisbane = on_brisbane(o8)
    q4 = build("hadamard_angle_y-dressed-6", 4)
    h20 = build("angle_x-strongly_entangling-3", 5, ["Y0"])
    reupload8 = build("angle_y-simplified_two_design-3-reupload", 8, ["Z1"])
    reupload4 = build("angle_y-simplified_two_design-3-reupload", 4, ["Z1"])
    amplitude = build("amplitude-simplified_two_design-3", 5, ["Z1"])
    explicit = prepared(amplitude)
    too_big = {"default.mixed": "out of memory: about 0.3 GiB a sample"}
    noisy = ("default.mixed", "tensorcircuit DM")
    return [
        Case("o8_ideal", o8, 500),
        Case("o8_noisy", native, 500, brisbane, rivals=(), excused=too_big),
        Case("q4", q4, 32),
        Case("h20", h20, 128, copies=4),
        Case("o8_infer_ideal", o8, 100_000, gradients=False, rivals=()),
        Case("o8_infer_noisy", native, 100_000, brisbane, gradients=False, rivals=()),
        Case("o8_infer_2000", o8, 2000, gradients=False, rivals=("default.qubit", "tensorcircuit", "aer")),
        Case("reupload_ideal", reupload8, 100),
        Case("reupload_noisy", reupload4, 32, damped(reupload4), rivals=noisy),
        Case("amplitude_noisy", amplitude, 32, damped(amplitude), rivals=noisy),
        Case("amplitude_prepared_noisy", explicit, 8, damped(explicit), rivals=noisy),
    ]


def median_ms(step: Callable[[], Any], seconds: float) -> float:
    """Median time of a warm step."""
    times: list[float] = []
    begun = time.perf_counter()
    while len(times) < 3 or (time.perf_counter() - begun < seconds and len(times) < 300):
        start = time.perf_counter()
        step()
        times.append(1e3 * (time.perf_counter() - start))
    return float(np.median(times))


def first_call_ms(step: Callable[[], Any]) -> float:
    """Time of a first step, compilation included."""
    start = time.perf_counter()
    step()
    return 1e3 * (time.perf_counter() - start)


def ours(case: Case, dtype: torch.dtype, batch: int) -> Callable[[], Any]:
    """A step of the engine."""
    torch.manual_seed(0)
    layer = QuantumLayer(case.program, case.noise, copies=case.copies, dtype=dtype)
    inputs = torch.randn(batch, case.copies * case.program.inputs, dtype=dtype, requires_grad=case.gradients)

    def step() -> None:
        if not case.gradients:
            with torch.inference_mode():
                layer(inputs)
            return
        inputs.grad = layer.weights.grad = None
        layer(inputs).sum().backward()

    return step


def memory_mb(key: str) -> float:
    """``VmRSS`` or ``VmHWM`` of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) * 1024 / 1e6


def extra_mb(case: Case) -> float:
    """How much higher memory stood during a full step than after a small one."""
    ours(case, torch.float64, 2)()
    before = memory_mb("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest memory so far
    ours(case, torch.float64, case.batch)()
    return max(0.0, memory_mb("VmHWM") - before)


def theirs(case: Case, name: str, seconds: float) -> dict[str, Any]:
    """Time of one peer, all copies, or why there is none."""
    if name in case.excused:
        return {"ms": None, "why": case.excused[name]}
    rng = np.random.default_rng(0)
    inputs, weights = rng.normal(size=(case.batch, case.program.inputs)), rng.normal(size=case.program.weight_shape)
    try:
        step = PEERS[name](case.program, case.noise, inputs, weights, case.gradients)
        first = first_call_ms(step)
        ms = median_ms(step, seconds)
    except peers.MissingError as missing:
        return {"ms": None, "why": str(missing)}
    return {"ms": case.copies * ms, "first_ms": first, "dtype": DTYPES[name]}


def measured(case: Case, seconds: float) -> dict[str, Any]:
    """One entry of the result."""
    extra = extra_mb(case)
    steps = {dtype: ours(case, dtype, case.batch) for dtype in (torch.float32, torch.float64)}
    first = {dtype: first_call_ms(step) for dtype, step in steps.items()}
    mine = {dtype: median_ms(step, seconds) for dtype, step in steps.items()}
    others = {name: theirs(case, name, seconds) for name in (*case.rivals, *case.excused)}
    return {
        "name": case.name,
        "ours_ms": mine[torch.float32],
        "ours_float64_ms": mine[torch.float64],
        "first_ms": first[torch.float32],
        "peers": {name: found["ms"] for name, found in others.items()},
        "why": {name: found["why"] for name, found in others.items() if "why" in found},
        "peer_first_ms": {name: found["first_ms"] for name, found in others.items() if "first_ms" in found},
        "peer_dtype": {name: found["dtype"] for name, found in others.items() if "dtype" in found},
        "extra_mb": extra,
        "batch": case.batch,
        "samples_per_second": 1e3 * case.batch / mine[torch.float32],
        "step": "forward and backward" if case.gradients else "forward",
        "dtype": "float32",
        "threads": torch.get_num_threads(),
    }


def line(entry: dict[str, Any]) -> str:
    """One line of the table."""
    peers_ = [
        f"{name} {ms:.2f} ({ms / entry['ours_ms']:.1f}x)" if ms else f"{name} - ({entry['why'][name]})"
        for name, ms in entry["peers"].items()
    ]
    own = f"{entry['ours_ms']:9.2f} {entry['ours_float64_ms']:9.2f} {entry['extra_mb']:7.0f}"
    return f"{entry['name']:26s}{own} {entry['samples_per_second']:12,.0f}  {'; '.join(peers_)}"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="lines to measure; all by default")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each time")
    arguments = parser.parse_args()
    torch.set_num_threads(min(2, os.cpu_count() or 1))
    chosen = [case for case in cases() if not arguments.names or case.name in arguments.names]
    print(f"{'name':26s}{'float32':>9s} {'float64':>9s} {'+MB':>7s} {'samples/s':>12s}  peers, in ms (times ours)")
    entries = []
    for case in chosen:
        entries.append(measured(case, arguments.seconds))
        print(line(entries[-1]), flush=True)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(entries, indent=1) + "\n")
    print(f"wrote {RESULT}", file=sys.stderr)


if __name__ == "__main__":
    main()
