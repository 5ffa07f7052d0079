"""Bring the images of a folder to one size, with their labels and groups; leave out duplicates."""

from hqnn.job import job

with job() as rule:
    from hqnn.data.groups import Grouping
    from hqnn.data.photographs.mask_patches import PatchRule
    from hqnn.data.photographs.prepare import prepare_photographs

    prepare_photographs(
        rule.output.samples,
        rule.params.root,
        patches=PatchRule(**rule.params.patches) if rule.params.patches else None,
        grouping=Grouping(**rule.params.grouping) if rule.params.grouping else None,
        threads=rule.threads,
        about=rule.params.about,
        **rule.params.images,
    )
