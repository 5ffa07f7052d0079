"""A program as a torch module: expectation values, ideal or noisy, with gradients to weights and inputs."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from hqnn.circuits.program import Program
from hqnn.engine.choice import Way
from hqnn.engine.execute import Executor
from hqnn.engine.further import FurtherInputs
from hqnn.errors import UserError
from hqnn.noise.coverage import require_noise
from hqnn.noise.model import NoiseModel


def require_memory(program: Program, noise: NoiseModel, memory_limit_mb: float) -> None:
    """Find out whether exact expectation values of one sample of one copy fit into memory, by running none.

    Raises:
        MemoryLimitError: they do not.
    """
    with torch.no_grad():
        layer = QuantumLayer(program, noise, memory_limit_mb=memory_limit_mb, dtype=torch.float64)
        layer(torch.empty(0, program.inputs, dtype=torch.float64))


class QuantumLayer(nn.Module):
    """Expectation values of a program's observables; exact, with or without noise.

    Attributes:
        weights: angles in radians, shape ``program.weight_shape``, with a leading axis of ``copies`` when there is more
            than one. The only entry of the `state_dict`; whatever tensor stands here is what the circuit runs with.
        program: what is run.
        noise: channels after its gates and readout errors, or None.
        copies: circuits in parallel, each with inputs and weights of its own.
    """

    def __init__(
        self,
        program: Program,
        noise: NoiseModel | None = None,
        copies: int = 1,
        *,
        memory_limit_mb: float = 2000.0,
        way: Way | None = None,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        """Plan the propagation and draw weights uniformly from [0, 2 pi).

        Args:
            program: circuit and observables.
            noise: looked up under the program's native wires where it has them.
            copies: how many circuits run in parallel.
            memory_limit_mb: the most that one call may store beside its inputs and outputs.
            way: propagate observables, or pure states, which are for ideal circuits; by default whatever is estimated
                to be faster for the samples of a call and fits in memory.
            generator: where the weights come from; torch's global one by default, as in other modules.
            dtype: of the weights and of all arithmetic, float32 or float64; torch's default by default.
            device: of the weights.

        Raises:
            UserError: the engine cannot run the program or the noise (see `elements_of`), no gate would be noisy, or
                pure states are asked for where there is noise.
        """
        super().__init__()
        if noise is not None:
            require_noise(program, noise)
        if copies < 1:
            raise UserError(f"copies is {copies}; give a whole number from 1")
        self.program = program
        self.noise = noise
        self.copies = copies
        self._executor = Executor(program, noise, copies, memory_limit_mb, way)
        self._further = FurtherInputs(program) if program.functions else None
        shape = (copies, *program.weight_shape) if copies > 1 else program.weight_shape
        drawn = torch.rand(shape, generator=generator, dtype=dtype, device=generator.device if generator else device)
        self.weights = nn.Parameter((drawn * (2 * math.pi)).to(device))

    def forward(self, inputs: Tensor) -> Tensor:
        """Run the circuit on every sample.

        Args:
            inputs: shape (..., copies * inputs), cast to the weights' dtype; copy after copy.

        Returns:
            Expectation values, shape (..., copies * observables), of the weights' dtype; copy after copy.

        Raises:
            UserError: a wrong shape, device or dtype, NaN among the inputs, or a function of them that is not finite.
        """
        seen = self._checked(inputs)
        if self._further is not None:
            seen = self._further(seen, self.weights, self.copies)
        return self._executor(seen, self.weights)

    def extra_repr(self) -> str:
        """Sizes, as torch prints them."""
        noise = f", noise={self.noise.name!r}" if self.noise else ""
        copies = f", copies={self.copies}" if self.copies > 1 else ""
        p = self.program
        return f"inputs={p.inputs}, observables={len(p.observables)}, wires={p.wires}{copies}{noise}"

    def _checked(self, inputs: Tensor) -> Tensor:
        width = self.copies * self.program.inputs
        if inputs.dim() < 1 or inputs.shape[-1] != width:
            raise UserError(f"the quantum layer got inputs of shape {tuple(inputs.shape)}; give (..., {width})")
        if self.weights.dtype not in (torch.float32, torch.float64):
            raise UserError(f"the quantum layer's weights are {self.weights.dtype}; use float32 or float64")
        if inputs.device != self.weights.device:
            raise UserError(f"inputs are on {inputs.device}, weights on {self.weights.device}; move one of them")
        return inputs.to(self.weights.dtype)
