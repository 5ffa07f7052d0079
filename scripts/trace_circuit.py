"""Trace a model's circuit once; training, compilation and every path of execution read what this writes."""

from hqnn.job import job

with job() as rule:
    from hqnn.circuits.library import build_for_classes
    from hqnn.circuits.program_file import write_program
    from hqnn.data.samples import class_names

    circuit = build_for_classes(**rule.params.circuit, classes=len(class_names(rule.input.samples)))
    write_program(rule.output.program, circuit)
