"""The Pauli-transfer engine: expectation values and gradients, ideal or noisy."""
