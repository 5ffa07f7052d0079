"""The files that a circuit's analysis leaves for the report: figures, tables and sentences."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from hqnn.analysis.circuit import CircuitAnalysis, analyse
from hqnn.analysis.fourier import coefficients_table
from hqnn.analysis.trainability import typical_errors
from hqnn.circuits.program_file import read_program
from hqnn.execution.backends import snapshot
from hqnn.report.analysis import diagram_figure, fourier_violins, variance_figure
from hqnn.report.analysis_words import sentences
from hqnn.store import write_text


@dataclass(frozen=True)
class AnalysisFiles:
    """Where everything of an analysis lies.

    Attributes:
        sentences: JSON, a list of findings.
        zx_before: SVG of the diagram.
        zx_after: SVG of the reduced diagram.
        fourier_figure: SVG of the coefficients of one observable.
        by_qubits: SVG of the gradient's variance by qubits.
        by_depth: SVG of the gradient's variance by layers.
        fourier: CSV of all coefficients.
        trainability: CSV of the gradient's variances.
    """

    sentences: str
    zx_before: str
    zx_after: str
    fourier_figure: str
    by_qubits: str
    by_depth: str
    fourier: str
    trainability: str


def write_analysis(
    files: AnalysisFiles,
    *,
    program: str,
    calibration: str,
    circuit: str,
    draws: int,
    pairs: int,
    qubits: Sequence[int],
    depths: Sequence[int],
    seed: int,
) -> None:
    """Analyse a circuit without data, and write what was found.

    Args:
        files: what is written.
        program: file of the circuit.
        calibration: file of the backend whose median gate errors the noisy gradients see.
        circuit: its name; the other arguments are those of `hqnn.analysis.circuit.analyse`.
        draws: of weights.
        pairs: of states.
        qubits: sizes at which gradients are looked at.
        depths: numbers of layers at which gradients are looked at.
        seed: of all draws.

    Raises:
        UserError: the calibration is not in its schema, the ansatz fits none of the sizes, or the circuit is one that
            cannot be analysed.
    """
    found = analyse(
        circuit,
        read_program(program),
        typical_errors(snapshot(calibration)),
        draws=draws,
        pairs=pairs,
        qubits=qubits,
        depths=depths,
        seed=seed,
    )
    _write_tables(files, found)
    _write_figures(files, found)
    write_text(files.sentences, json.dumps(sentences(found), indent=1, ensure_ascii=False) + "\n")


def _write_tables(files: AnalysisFiles, found: CircuitAnalysis) -> None:
    _write_table(files.fourier, coefficients_table(found.coefficients, found.program.observables))
    _write_table(files.trainability, found.gradients)


def _write_table(path: str, table: pd.DataFrame) -> None:
    write_text(path, table.to_csv(index=False, float_format="%.9g"))


def _write_figures(files: AnalysisFiles, found: CircuitAnalysis) -> None:
    write_text(files.zx_before, diagram_figure(found.reduction.before, "before", found.name).decode())
    write_text(files.zx_after, diagram_figure(found.reduction.after, "after", found.name).decode())
    write_text(files.fourier_figure, fourier_violins(*found.richest, found.name).decode())
    write_text(files.by_qubits, variance_figure(found.gradients, "qubits", found.name).decode())
    write_text(files.by_depth, variance_figure(found.gradients, "depth", found.name).decode())
