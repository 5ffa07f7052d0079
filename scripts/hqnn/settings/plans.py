"""The plan of every study of a config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hqnn.settings.images.plan import SmallImagePlan
from hqnn.settings.model import Settings
from hqnn.settings.photographs.plan import PhotographPlan
from hqnn.settings.pixels.plan import PixelPlan
from hqnn.settings.plan import Plan
from hqnn.settings.table.plan import TablePlan

PLANS: Mapping[str, type[Plan[Any]]] = {
    "pixels": PixelPlan,
    "photographs": PhotographPlan,
    "images": SmallImagePlan,
    "table": TablePlan,
}


def plans_of(settings: Settings) -> dict[str, Plan[Any]]:
    """Name of each study to what it runs.

    Raises:
        UserError: a study has nothing to run.
    """
    plans = {name: PLANS[study.kind](name, study) for name, study in settings.studies.items()}
    for plan in plans.values():
        plan.check()
    return plans
