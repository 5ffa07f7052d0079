"""Analyse a circuit without data: ZX diagrams, Fourier coefficients, trainability and expressibility."""

from hqnn.job import job

with job() as rule:
    import json
    from pathlib import Path

    import numpy as np

    from hqnn.analysis import expressibility, fourier, trainability, zx
    from hqnn.circuits.program import Program
    from hqnn.noise.snapshot import read_snapshot
    from hqnn.report import analysis, analysis_words
    from hqnn.store import write_text

    params, output, name = rule.params, rule.output, rule.params.circuit
    program = Program.from_json(Path(rule.input.program).read_text(encoding="utf-8"))
    generator = np.random.default_rng(params.seed)
    reduction = zx.reduce_program(program)
    coefficients = fourier.pair_coefficients(program, fourier.drawn_weights(program, params.draws, generator))
    absorbed = fourier.absorbed_weights(program, generator)
    errors = trainability.typical_errors(read_snapshot(Path(rule.input.calibration)))
    letter = program.observables[0].strip("I")[0]
    sweep = trainability.sweep(name, params.qubits, params.depths, params.draws, params.seed, errors, letter)
    states = expressibility.expressibility(program, params.pairs, generator)

    shown = fourier.richest(coefficients)
    richest = coefficients[:, shown], program.observables[shown]
    table = fourier.coefficients_table(coefficients, program.observables)
    write_text(output.fourier, table.to_csv(index=False, float_format="%.9g"))
    write_text(output.trainability, sweep.to_csv(index=False, float_format="%.9g"))
    write_text(output.zx_before, analysis.diagram_figure(reduction.before, "before", name).decode())
    write_text(output.zx_after, analysis.diagram_figure(reduction.after, "after", name).decode())
    write_text(output.fourier_figure, analysis.fourier_violins(*richest, name).decode())
    write_text(output.by_qubits, analysis.variance_figure(sweep, "qubits", name).decode())
    write_text(output.by_depth, analysis.variance_figure(sweep, "depth", name).decode())
    sentences = analysis_words.sentences(program, reduction, absorbed, richest, sweep, errors, states)
    write_text(output.sentences, json.dumps(sentences, indent=1, ensure_ascii=False) + "\n")
