"""PennyLane and Qiskit readings of a program."""
