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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

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
    "qulacs": peers.qulacs,
    "aer": peers.aer,
}
WITHOUT_READOUT = {"tensorcircuit DM"}  # it has no readout errors, so it is compared without them
GROWTH_WIRES = (4, 6, 8, 10, 12)
GROWTH_LAYERS = (1, 2, 4, 6)
DEEP = ((8, 12), (10, 6), (12, 6), (16, 3))
REUPLOADS = ((8, 3), (8, 6), (8, 12), (10, 6), (12, 3), (12, 6), (16, 3))
DTYPES = {"default.qubit": "complex128", "lightning.qubit": "complex128", "default.mixed": "complex128"} | {
    "tensorcircuit": "complex64",
    "tensorcircuit DM": "complex64",
    "qulacs": "complex128",
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
        rivals: peers that take part.
        excused: peers that do not, and why.
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
    amplitude10 = build("amplitude-simplified_two_design-3", 10, ["Z5"])
    probabilities = build("angle_y-simplified_two_design-3", 8, ["probs@0,1,2,3,4,5,6,7"])
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
        *(reupload(wires, layers) for wires, layers in REUPLOADS),
        Case("reupload_noisy", reupload4, 32, damped(reupload4), rivals=noisy),
        Case("amplitude_noisy", amplitude, 32, damped(amplitude), rivals=noisy),
        Case("amplitude_prepared_noisy", explicit, 8, damped(explicit), rivals=noisy),
        Case("amplitude_10_ideal", amplitude10, 100, rivals=(), excused={"default.qubit": "minutes a step"}),
        Case("amplitude_10_noisy", amplitude10, 100, damped(amplitude10), rivals=(), excused=too_big),
        Case("probabilities_8", probabilities, 100, rivals=()),
        Case("qcnn_8", build("angle_y-qcnn-1", 8), 100),
        Case("trainable_reupload_8x3", build("trainable_angle_y-simplified_two_design-3-reupload", 8), 100),
        *(deep(wires, layers) for wires, layers in DEEP),
        *(growth(wires, 3) for wires in GROWTH_WIRES),
        *(growth(8, layers) for layers in GROWTH_LAYERS),
    ]


def reupload(wires: int, layers: int) -> Case:
    """Inputs before every layer, and Z of every wire, so that the light cone leaves nothing out."""
    name = f"angle_y-simplified_two_design-{layers}-reupload"
    program = build(name, wires, [f"Z{wire}" for wire in range(wires)])
    return wide(f"reupload_{wires}x{layers}", program)


def deep(wires: int, layers: int) -> Case:
    """Inputs once, then more layers than a propagated observable stays narrow in."""
    program = build(f"angle_y-simplified_two_design-{layers}", wires, [f"Z{wires // 2}"])
    return wide(f"deep_{wires}x{layers}", program)


def wide(name: str, program: Program) -> Case:
    """A case whose peers take part up to 12 wires, but for one."""
    if program.wires <= 12:
        return Case(name, program, 100, rivals=("tensorcircuit", "qulacs", "default.qubit", "lightning.qubit"))
    too_big = {"default.qubit": "out of memory: about 0.2 GiB a sample", "lightning.qubit": "minutes a step"}
    return Case(name, program, 100, rivals=("tensorcircuit", "qulacs"), excused=too_big)


def growth(wires: int, layers: int) -> Case:
    """A circuit of the kind of o8 with other sizes; the observable is in the middle, so the light cone is wide."""
    program = build(f"angle_y-simplified_two_design-{layers}", wires, [f"Z{wires // 2}"])
    return Case(f"growth_{wires}_wires_{layers}_layers", program, 100, rivals=("tensorcircuit", "qulacs"))


def draw_growth(entries: list[dict[str, Any]], path: Path) -> None:
    """Times against wires and layers, beside the peer's."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    times = {entry["name"]: entry for entry in entries}
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
    lines = [
        ("wires, 3 layers", {n: f"growth_{n}_wires_3_layers" for n in GROWTH_WIRES}),
        ("layers, 8 wires", {n: f"growth_8_wires_{n}_layers" for n in GROWTH_LAYERS}),
    ]
    for axis, (label, names) in zip(axes, lines, strict=True):
        known = {n: times[name] for n, name in names.items() if name in times}
        axis.plot(list(known), [entry["ours_ms"] for entry in known.values()], "o-", label="hqnn, float32")
        other = {n: ms for n, entry in known.items() if (ms := entry["peers"]["tensorcircuit"])}
        axis.plot(list(other), list(other.values()), "s--", label="TensorCircuit-NG, jit and vmap, complex64")
        axis.set(xlabel=label, yscale="log", xticks=list(known))
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("ms a step, batch 100")
    axes[0].legend()
    figure.savefig(path, dpi=150)


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


def drawn(case: Case, batch: int) -> tuple[Any, Any]:
    """Inputs and weights of one copy."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(batch, case.program.inputs)), rng.normal(size=case.program.weight_shape)


def ours(case: Case, dtype: torch.dtype, batch: int) -> Callable[[], Any]:
    """A step of the engine, for the same numbers in every copy."""
    one, weights = drawn(case, batch)
    layer = QuantumLayer(case.program, case.noise, copies=case.copies, dtype=dtype)
    with torch.no_grad():
        layer.weights.copy_(torch.tensor(weights))
    inputs = torch.tensor(np.tile(one, case.copies), dtype=dtype, requires_grad=case.gradients)

    def step() -> torch.Tensor:
        if not case.gradients:
            with torch.inference_mode():
                return layer(inputs).sum()
        inputs.grad = layer.weights.grad = None
        total = layer(inputs).sum()
        total.backward()
        return total

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
    try:
        step = PEERS[name](case.program, case.noise, *drawn(case, case.batch), case.gradients)
        first = first_call_ms(step)
        ms = median_ms(step, seconds)
    except peers.MissingError as missing:
        return {"ms": None, "why": str(missing)}
    if name in WITHOUT_READOUT and case.noise is not None:
        case = replace(case, noise=replace(case.noise, readout={}))
    difference = abs(float(step()) * case.copies - float(ours(case, torch.float64, case.batch)()))
    difference /= case.batch * len(case.program.observables) * case.copies
    return {"ms": case.copies * ms, "first_ms": first, "dtype": DTYPES[name], "difference": difference}


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
        "peer_difference": {name: found["difference"] for name, found in others.items() if "difference" in found},
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
    measured_now = {entry["name"] for entry in entries}
    if RESULT.exists():
        entries += [entry for entry in json.loads(RESULT.read_text()) if entry["name"] not in measured_now]
    RESULT.write_text(json.dumps(entries, indent=1) + "\n")
    if any(entry["name"].startswith("growth") for entry in entries):
        draw_growth(entries, RESULT.with_name("engine_growth.png"))
    print(f"wrote {RESULT}", file=sys.stderr)


if __name__ == "__main__":
    main()
