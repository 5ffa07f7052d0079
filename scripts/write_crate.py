"""Pack a study into an archive that says what every file is and what it was made from."""

from hqnn.job import job

with job() as rule:
    from pathlib import Path

    from hqnn.export.crate import Archived, write_crate

    write_crate(
        Path(rule.output.crate),
        Archived(
            name=rule.wildcards["study"],
            title=rule.params.title,
            settings=rule.params.settings,
            raw=Path(rule.params.raw),
            source=rule.params.source,
            fetched=rule.params.fetched,
            catalogue=Path(rule.input.catalogue),
            checkout=Path(rule.params.checkout),
        ),
        results=[Path(file) for file in rule.input.results],
        samples=[Path(rule.input.samples)],
    )
