"""Qiskit circuits as files that older Qiskit versions can read, with a digest behind what Qiskit reads."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import Any

from qiskit import qpy
from qiskit.circuit import ControlFlowOp, Parameter, ParameterExpression, QuantumCircuit
from qiskit.exceptions import QiskitError

from hqnn.errors import UserError, plain
from hqnn.store import whole_file

VERSION = 13  # Qiskit 1.3 and newer read it; a file of the newest version is closed to every older Qiskit
DIGEST_BYTES = hashlib.sha256().digest_size


def save_qpy(path: str | os.PathLike[str], circuit: QuantumCircuit) -> None:
    """Write one circuit, its symbolic parameters and its layout included; equal circuits make equal files.

    Its sha256 comes last: Qiskit checks nothing, and one wrong bit is another circuit, or takes all memory.

    Args:
        path: of the file.
        circuit: whose angles are affine in its parameters.
    """
    content = io.BytesIO()
    qpy.dump(_without_history(circuit), content, version=VERSION)
    with whole_file(path) as beside:
        beside.write_bytes(content.getvalue() + hashlib.sha256(content.getvalue()).digest())


def load_qpy(path: str | os.PathLike[str]) -> QuantumCircuit:
    """Read the circuit of a file.

    Raises:
        UserError: the file is missing or damaged, or a newer Qiskit wrote it.
    """
    try:
        stored = Path(path).read_bytes()
        content, digest = stored[:-DIGEST_BYTES], stored[-DIGEST_BYTES:]
        if hashlib.sha256(content).digest() != digest:
            raise UserError(f"{path} is damaged; delete it, so that the model is compiled again")
        return qpy.load(io.BytesIO(content))[0]
    except (OSError, QiskitError) as error:
        raise UserError(f"{path} cannot be read as a QPY circuit ({plain(error)}); compile the model again") from error


def _without_history(circuit: QuantumCircuit) -> QuantumCircuit:
    """The same circuit with angles written anew.

    A file holds how an angle came about, in the transpiler's own symbols, whose identities differ from run to run.
    """
    plain = circuit.copy()
    for place, instruction in enumerate(circuit.data):
        if isinstance(instruction.operation, ControlFlowOp):
            blocks = [_without_history(block) for block in instruction.operation.blocks]
            plain.data[place] = instruction.replace(operation=instruction.operation.replace_blocks(blocks))
        elif any(isinstance(angle, ParameterExpression) for angle in instruction.params):
            operation = instruction.operation.copy()
            operation.params = [_written_anew(angle) for angle in instruction.params]
            plain.data[place] = instruction.replace(operation=operation)
    return plain


def _written_anew(angle: Any) -> Any:
    if not isinstance(angle, ParameterExpression) or isinstance(angle, Parameter):
        return angle
    parameters = sorted(angle.parameters, key=lambda parameter: parameter.name)
    constant = float(angle.bind(dict.fromkeys(parameters, 0.0)))
    terms = [(angle.gradient(parameter), parameter) for parameter in parameters]
    parts = [parameter if factor == 1 else float(factor) * parameter for factor, parameter in terms]
    return sum(parts[1:], parts[0]) + constant if constant else sum(parts[1:], parts[0])
