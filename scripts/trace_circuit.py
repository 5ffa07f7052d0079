"""Trace a model's circuit once; training, compilation and every path of execution read what this writes."""

from hqnn.job import job

with job(forked=True) as rule:
    import hqnn.circuits.trace  # noqa: F401 - the first circuit imports it late, in every job again
    from hqnn.circuits.library import build_for_classes
    from hqnn.circuits.program_file import write_program
    from hqnn.data.samples import class_names
    from hqnn.settings.chosen import read_chosen

    chosen = read_chosen(rule.input.get("tuned")).circuit
    circuit = build_for_classes(**{**rule.params.circuit, **chosen}, classes=len(class_names(rule.input.samples)))
    write_program(rule.output.program, circuit)
