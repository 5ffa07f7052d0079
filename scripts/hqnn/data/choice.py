"""Whether the data set that is to be fetched is one that a study's settings can read."""

from __future__ import annotations

import os
from typing import Any

from hqnn.data.catalogue import read_dataset
from hqnn.errors import UserError, nearest
from hqnn.settings.photographs.keys import Photographs
from hqnn.settings.plan import Plan


def check_choice(path: str | os.PathLike[str], plan: Plan[Any]) -> None:
    """Find out, before anything is downloaded, whether the data set of a study comes as its settings say.

    Args:
        path: of the catalogue.
        plan: of the study.

    Raises:
        UserError: see `read_dataset`; or the set comes in another layout, in none, or has other classes.
    """
    dataset = read_dataset(path, plan.fetched_set)
    study, place = plan.study, f"studies.{plan.name}"
    if not isinstance(study, Photographs):
        return
    layout = "masked" if dataset.masked else "folders"
    if study.images.layout != layout:
        raise UserError(
            f"{place}.images.layout is {study.images.layout!r} but {plan.fetched_set} has the layout {layout!r}; set "
            "it to that"
        )
    if layout == "folders" and not dataset.classes and not study.images.folder:
        raise UserError(
            f"{place}.data.set is {plan.fetched_set!r}, which does not come as a folder a class; choose another set, "
            f"or name the folder that holds its class folders as {place}.images.folder"
        )
    for name in study.images.classes if dataset.classes else ():
        if name not in dataset.classes:
            raise UserError(
                f"{place}.images.classes names {name!r}, which {plan.fetched_set} does not have"
                f"{nearest(name, dataset.classes)}"
            )
