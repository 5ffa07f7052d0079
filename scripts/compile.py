"""Transpile a model's circuit for a backend, weights and inputs still symbols; write it as QPY and as a program."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.circuits.program_file import read_program
    from hqnn.execution.backends import backend
    from hqnn.execution.compilation import compile_program, save_compiled

    compiled = compile_program(
        read_program(rule.input.program),
        backend(rule.input.calibration),
        seed=rule.params.seed,
        layouts=rule.params.layouts,
    )
    save_compiled(rule.output.circuit, rule.output.program, compiled)
