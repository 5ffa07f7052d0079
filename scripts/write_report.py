"""Write the page: what was run, tables beside the published figures, curves and maps."""

from hqnn.job import job

with job() as rule:
    from pathlib import Path

    from hqnn.report.page import write_report

    write_report(
        Path(rule.output.page),
        metrics=Path(rule.input.metrics),
        histories=[Path(file) for file in rule.input.histories],
        predictions=[Path(file) for file in rule.input.predictions],
        artefacts=[Path(file) for file in rule.input.artefacts],
        settings=rule.params.settings,
        published=[Path(file) for file in rule.input.published],
    )
