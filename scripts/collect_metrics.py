"""Put the metrics of all studies into one tidy table."""

from hqnn.job import job

with job() as rule:
    from pathlib import Path

    from hqnn.metrics.table import collect

    collect(Path(rule.output.metrics), [Path(file) for file in rule.input.tables])
