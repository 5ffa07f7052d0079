"""Put the metrics of all studies into one tidy table."""

from hqnn.job import job

with job() as rule:
    from pathlib import Path

    from hqnn.metrics.table import collect, write_parquet

    collect(Path(rule.output.metrics), [Path(file) for file in rule.input.tables])
    write_parquet(Path(rule.output.parquet), Path(rule.output.metrics))
