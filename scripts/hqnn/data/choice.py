"""Whether the data set that is to be fetched is one that a study's settings can read."""

from __future__ import annotations

import os

from hqnn.data.catalogue import read_dataset
from hqnn.errors import UserError, nearest
from hqnn.settings.photographs.keys import Images


def check_choice(path: str | os.PathLike[str], study: str, images: Images) -> None:
    """Find out, before anything is downloaded, whether the data set of a study comes as its settings say.

    Args:
        path: of the catalogue.
        study: whose settings they are.
        images: they.

    Raises:
        UserError: see `read_dataset`; or the set comes in another layout, in none, or has other classes.
    """
    dataset = read_dataset(path, images.dataset)
    layout = "masked" if dataset.masked else "folders"
    if images.layout != layout:
        raise UserError(
            f"{study}.images.layout is {images.layout!r} but {images.dataset} has the layout {layout!r}; set "
            f"{study}={{images: {{dataset: {images.dataset}, layout: {layout}}}}}"
        )
    if layout == "folders" and not dataset.classes and not images.folder:
        raise UserError(
            f"{study}.images.dataset is {images.dataset!r}, which does not come as a folder a class; choose another "
            f"set, or name the folder that holds its class folders with {study}={{images: {{folder: FOLDER}}}}"
        )
    for name in images.classes if dataset.classes else ():
        if name not in dataset.classes:
            raise UserError(
                f"{study}.images.classes names {name!r}, which {images.dataset} does not have"
                f"{nearest(name, dataset.classes)}"
            )
