"""Sample a trained circuit on several simulators; write how often each bitstring came."""

from hqnn.job import job

with job(forked=True) as rule:
    from hqnn.execution.bitstrings import write_bitstrings

    write_bitstrings(
        rule.output.counts,
        model=rule.input.model,
        samples=rule.input.samples,
        devices=rule.params.devices,
        shots=rule.params.shots,
        seed=rule.params.seed,
    )
