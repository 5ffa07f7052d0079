"""Transpile a model's circuit for a backend, weights and inputs still symbols; write it as QPY and as a program."""

from hqnn.job import job

with job() as rule:
    from hqnn.execution.backends import backend
    from hqnn.execution.compilation import compile_program, save_compiled
    from hqnn.models.hybrid import pixel_circuit

    compiled = compile_program(
        pixel_circuit(rule.wildcards["model"], rule.params.qubits, rule.params.observable),
        backend(rule.wildcards["backend"]),
        seed=rule.params.seed,
        layouts=rule.params.layouts,
    )
    save_compiled(rule.output.circuit, rule.output.program, compiled)
