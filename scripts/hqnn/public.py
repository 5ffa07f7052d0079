"""The names that other code imports from `hqnn`; it needs no workflow, no config and no results.

A model of one's own with a layer as a named machine would run it, trained through the machine's noise:

>>> import torch
>>> from hqnn import QuantumLayer, backend, build, compile_program
>>> machine = backend("ibm_brisbane")
>>> circuit = build("angle_y-real_amplitudes-2", wires=4, observables=["Z0", "Z3"])
>>> native = compile_program(circuit, machine, seed=0, layouts=2).program
>>> generator = torch.Generator().manual_seed(0)
>>> layer = QuantumLayer(native, machine.noise, generator=generator)
>>> model = torch.nn.Sequential(torch.nn.Linear(8, 4), layer, torch.nn.Linear(2, 3))
>>> model(torch.zeros(5, 8)).shape
torch.Size([5, 3])
>>> layer
QuantumLayer(inputs=4, observables=2, wires=4, noise='ibm_brisbane')

Gradients under noise are exact, to weights and to inputs:

>>> exact = QuantumLayer(native, machine.noise, dtype=torch.float64, generator=generator)
>>> samples = torch.zeros(2, 4, dtype=torch.float64, requires_grad=True)
>>> torch.autograd.gradcheck(exact, samples)
True

A quantum function written for PennyLane is traced once, and is then a circuit of Qiskit, too, with symbols for what is
embedded and what is trained; PennyLane runs the same program on any of its devices:

>>> import pennylane as qml
>>> from hqnn import to_qiskit, to_qnode, trace
>>> def circuit(inputs, weights, wires):
...     qml.AngleEmbedding(inputs, wires)
...     qml.BasicEntanglerLayers(weights, wires)
>>> program = trace(circuit, inputs=2, weight_shape=(1, 2), wires=2, observables=["ZZ"])
>>> from qiskit.quantum_info import Pauli, Statevector
>>> state = Statevector(to_qiskit(program).assign_parameters(
...     {"inputs[0]": 0.1, "inputs[1]": 0.2, "weights[0]": 0.3, "weights[1]": 0.4}
... ))
>>> round(state.expectation_value(Pauli("ZZ")).real, 6)
0.825336
>>> run = to_qnode(program, qml.device("default.qubit", wires=2))
>>> round(run(torch.tensor([0.1, 0.2]), torch.tensor([[0.3, 0.4]])).item(), 6)
0.825336

Kernels are matrices for whatever takes such, here between three samples; ``noise=`` compares as a machine would:

>>> from hqnn import fidelity_kernel, projected_kernel
>>> entangled = build("iqp-real_amplitudes-1", wires=3)
>>> weights = torch.zeros(entangled.weight_shape)
>>> samples = torch.tensor([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1], [2.0, 1.0, 0.5]], dtype=torch.float64)
>>> fidelity_kernel(entangled, weights, samples).round(3)
array([[1.   , 0.979, 0.171],
       [0.979, 1.   , 0.212],
       [0.171, 0.212, 1.   ]])
>>> projected_kernel(entangled, weights, samples, gamma=1.0).round(3)
array([[1.   , 0.978, 0.305],
       [0.978, 1.   , 0.306],
       [0.305, 0.306, 1.   ]])
"""

from hqnn.circuits.library import build
from hqnn.circuits.program import Program
from hqnn.circuits.trace import trace
from hqnn.engine.layer import QuantumLayer
from hqnn.errors import UserError
from hqnn.execution.backends import backend
from hqnn.execution.compilation import compile_program
from hqnn.interpreters.native import from_qiskit
from hqnn.interpreters.pennylane import to_qnode
from hqnn.interpreters.qiskit import to_qiskit
from hqnn.models.kernels import fidelity_kernel, projected_kernel
from hqnn.noise.model import NoiseModel

__all__ = [
    "NoiseModel",
    "Program",
    "QuantumLayer",
    "UserError",
    "backend",
    "build",
    "compile_program",
    "fidelity_kernel",
    "from_qiskit",
    "projected_kernel",
    "to_qiskit",
    "to_qnode",
    "trace",
]
