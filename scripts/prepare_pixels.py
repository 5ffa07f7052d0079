"""Bring all dates of every scene onto one grid and write the table of samples, features and labels."""

from hqnn.job import job

with job() as rule:
    from hqnn.data.pixels.layouts_of_scenes import open_collection
    from hqnn.data.pixels.prepare import prepare_pixels

    prepare_pixels(
        open_collection(root=rule.params.root, **rule.params.scenes),
        rule.output.samples,
        **rule.params.features,
        **rule.params.within,
        about=rule.params.about,
    )
