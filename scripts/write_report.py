"""Write the page of all studies that the results hold."""

from hqnn.job import job

with job() as rule:
    from pathlib import Path

    from hqnn.report.page import write_report

    write_report(Path(rule.output.page), [Path(file) for file in rule.input.chapters])
