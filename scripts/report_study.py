"""Write a study's page, and its chapter of the page of all studies."""

from hqnn.job import job

with job(forked=True) as rule:
    from pathlib import Path

    from hqnn.report.study import StudyFiles, write_study

    write_study(
        Path(rule.output.page),
        Path(rule.output.chapter),
        StudyFiles(
            name=rule.wildcards["study"],
            kind=rule.params.kind,
            title=rule.params.title,
            source=rule.params.source,
            settings=rule.params.settings,
            metrics=Path(rule.input.metrics),
            histories=[Path(file) for file in rule.input.histories],
            predictions=[Path(file) for file in rule.input.predictions],
            artefacts=[Path(file) for file in rule.input.artefacts],
            published=[Path(file) for file in rule.input.published],
            margin=rule.params.margin,
            searches=[Path(file) for file in rule.input.searches],
        ),
    )
