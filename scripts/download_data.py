"""Download a public data set, verified, and unpack what is packed."""

from hqnn.job import job

with job() as rule:
    from pathlib import Path

    from hqnn.data.catalogue import read_dataset
    from hqnn.data.fetch import fetch

    fetch(read_dataset(Path(rule.input.datasets), rule.params.name), rule.output.folder, rule.params.archives)
