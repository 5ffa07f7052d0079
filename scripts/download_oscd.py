"""Download OSCD, verified, and unpack it."""

from hqnn.job import job

with job() as rule:
    from pathlib import Path

    from hqnn.data.catalogue import read_dataset
    from hqnn.data.fetch import fetch

    fetch(read_dataset(Path(rule.input.datasets), "oscd"), rule.output.folder, rule.params.archives)
