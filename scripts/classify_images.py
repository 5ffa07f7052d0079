"""Say what a trained classifier sees in new images; write a table and a contact sheet."""

from hqnn.job import job

with job() as rule:
    from pathlib import Path

    from hqnn.execution.classify import classify_images
    from hqnn.report.sheets import write_classified_sheet

    classify_images(
        rule.output.table,
        rule.input.images,
        model=rule.input.model,
        features=rule.input.features,
        weights=rule.params.weights,
    )
    write_classified_sheet(Path(rule.output.sheet), Path(rule.output.table), Path(rule.input.images))
