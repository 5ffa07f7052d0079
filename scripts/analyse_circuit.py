"""Analyse a circuit without data: ZX diagrams, Fourier coefficients, trainability and expressibility."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.report.analysed import AnalysisFiles, write_analysis

    write_analysis(
        AnalysisFiles(**dict(rule.output.items())),
        program=rule.input.program,
        calibration=rule.input.calibration,
        circuit=rule.params.circuit,
        draws=rule.params.draws,
        pairs=rule.params.pairs,
        qubits=rule.params.qubits,
        depths=rule.params.depths,
        seed=rule.params.seed,
    )
