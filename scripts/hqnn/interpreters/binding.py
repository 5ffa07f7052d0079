"""Which number goes to which parameter of a Qiskit circuit: by name, never by position.

Qiskit sorts a circuit's parameters in its own way, and transpilation may drop some. So the table of values for a job is
made here from the names, and the weights that a job was bound with are read back from such a table.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qiskit.circuit import QuantumCircuit

from hqnn.errors import UserError
from hqnn.interpreters.native import parameter_index

Values = NDArray[np.float64]


def parameter_values(circuit: QuantumCircuit, inputs: Values, weights: Values) -> Values:
    """The table that a primitive takes beside a circuit.

    Args:
        circuit: with parameters named ``inputs[i]`` and ``weights[j]``.
        inputs: shape (samples, inputs).
        weights: of any shape; j counts in C order.

    Returns:
        Shape (samples, parameters), columns in the order of ``circuit.parameters``.

    Raises:
        UserError: the circuit has more inputs or weights than were given.
    """
    given = {"inputs": np.atleast_2d(inputs).astype(float), "weights": np.ravel(weights)[None].astype(float)}
    table = np.empty((len(given["inputs"]), circuit.num_parameters))
    for column, parameter in enumerate(circuit.parameters):
        kind, index = parameter_index(parameter)
        if index >= given[kind].shape[1]:
            raise UserError(
                f"the circuit has the parameter {parameter.name}, but only {given[kind].shape[1]} {kind} were given; "
                "use the weights and samples of the model that the circuit was compiled for"
            )
        table[:, column] = given[kind][:, index]
    return table


def weights_of(circuit: QuantumCircuit, values: Values, size: int) -> Values:
    """The weights that a table of parameter values binds: the inverse of `parameter_values`.

    Args:
        circuit: with parameters named ``inputs[i]`` and ``weights[j]``.
        values: shape (samples, parameters), columns in the order of ``circuit.parameters``.
        size: how many weights the model has.

    Returns:
        Shape (size,), flat in C order; NaN where a weight does not enter the circuit.

    Raises:
        UserError: a weight is not the same in all samples, or there is no sample.
    """
    if not len(values):
        raise UserError("the job binds no samples, so no weights either; give it one sample or more")
    weights = np.full(size, np.nan)
    for column, parameter in enumerate(circuit.parameters):
        kind, index = parameter_index(parameter)
        if kind == "weights":
            if np.ptp(values[:, column]) != 0:
                raise UserError(
                    f"{parameter.name} differs between the samples of one job; bind one set of weights a job"
                )
            weights[index] = values[0, column]
    return weights
