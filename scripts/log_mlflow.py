"""Log the runs of a study to MLflow."""

from hqnn.job import job

with job() as rule:
    from pathlib import Path

    from hqnn.export.mlflow import log_runs

    log_runs(
        Path(rule.output.ids),
        rule.wildcards["study"],
        rule.params.settings,
        Path(rule.input.metrics),
        [Path(file) for file in rule.input.files],
    )
