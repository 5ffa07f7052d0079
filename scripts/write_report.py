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
        maps=[Path(folder) for folder in rule.input.maps],
        ablations=[Path(file) for file in rule.input.ablations],
        settings=rule.params.settings,
        published=Path(rule.input.published),
    )
