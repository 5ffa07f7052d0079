"""Read a machine's own calibration, of which compiling and the noisy path make their circuit and their noise."""

from hqnn.job import job

with job(secrets=True) as rule:
    from hqnn.execution.machines.choice import write_calibration

    write_calibration(rule.output.calibration, rule.wildcards["backend"], rule.params.machine)
