"""Write the table of samples of a set of small images."""

from hqnn.job import job

with job() as rule:
    from hqnn.data.images.prepare import prepare_small_images

    prepare_small_images(
        rule.params.root,
        rule.output.samples,
        about=rule.params.about,
        threads=rule.threads,
        **rule.params.images,
    )
