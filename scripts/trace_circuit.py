"""Trace a model's circuit once; training, compilation and every path of execution read what this writes."""

from hqnn.job import job

with job() as rule:
    from hqnn.circuits.library import build_for
    from hqnn.store import write_text

    circuit = build_for(rule.params.circuit, rule.params.inputs, rule.params.observables)
    write_text(rule.output.program, circuit.to_json())
