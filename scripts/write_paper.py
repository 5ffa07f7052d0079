"""Write the figures and tables of a study's page as files for a paper."""

from hqnn.job import job

with job() as rule:
    from pathlib import Path

    from hqnn.export.paper import write_paper

    write_paper(Path(rule.output.folder), Path(rule.input.page), rule.params.command)
