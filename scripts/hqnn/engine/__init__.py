"""The Pauli-transfer engine: expectation values and gradients, ideal or noisy."""

from hqnn.engine.layer import QuantumLayer

__all__ = ["QuantumLayer"]
