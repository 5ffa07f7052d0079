"""Keys of studies whose samples are dealt to train, validation and test."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from hqnn.settings.fitting import FineTuning, Training, refuse_choices
from hqnn.settings.section import Distinct
from hqnn.settings.splits import Split
from hqnn.settings.study import Study


class DealtStudy(Study):
    """A study with a data set for each way to part its samples."""

    splits: Distinct[Split] = Field((Split(),), min_length=1, description="Ways to part the set, each run apart.")
    training: Training = Training()
    fine_tuning: FineTuning = FineTuning()

    @model_validator(mode="after")
    def _choose_by_what_there_is(self) -> Self:
        for split in self.splits:
            if split.validation == 0:
                refuse_choices(
                    f"split {split.name}",
                    training=self.training,
                    fine_tuning=self.fine_tuning,
                    hardware_training=self.hardware_training,
                )
        return self
