"""Qiskit circuits as files that older Qiskit versions can read."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from qiskit import qpy
from qiskit.circuit import QuantumCircuit
from qiskit.exceptions import QiskitError

from hqnn.errors import UserError
from hqnn.store import whole_file

VERSION = 13  # Qiskit 1.3 and newer read it; a file of the newest version is closed to every older Qiskit


def save_qpy(path: str | os.PathLike[str], circuit: QuantumCircuit) -> None:
    """Write one circuit, its symbolic parameters and its layout included."""
    with whole_file(path) as beside, beside.open("wb") as file:
        qpy.dump(circuit, file, version=VERSION)


def load_qpy(path: str | os.PathLike[str]) -> QuantumCircuit:
    """Read the circuit of a file.

    Raises:
        UserError: the file is not there or not QPY, or a newer Qiskit wrote it.
    """
    try:
        with Path(path).open("rb") as file:
            return qpy.load(file)[0]
    except (OSError, QiskitError, struct.error, ValueError, EOFError) as error:
        raise UserError(f"{path} cannot be read as a QPY circuit ({error}); compile the model again") from error
