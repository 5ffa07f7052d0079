"""Which rules a change in a room of the library can run again, written down, and no others."""

from __future__ import annotations

import pytest

from rebuild_matrix import rules_of_modules

ROOMS = {
    "analysis": "analyse_circuit explain_layer report_study",
    "data/photographs": "download_data prepare_photographs sample_data",
    "data/pixels": (
        "fit_unet gather_new_maps list_new_scenes map_new_scene map_scenes predict_new prepare_pixels "
        "report_study sample_data score_every_pixel write_report"
    ),
    "data/synthetic": "sample_data",
    "data/table": "fit_features predict_new prepare_table split_table split_together",
    "execution/machines": (
        "calibrate collect curve_noise curve_shots execute_hardware execute_shots map_new_scene map_scenes "
        "mitigate predict_new score_every_pixel submit train_hardware"
    ),
    "execution/new_data": ("gather_new_maps list_new_scenes map_new_scene map_scenes predict_new score_every_pixel"),
    "export": "log_mlflow write_crate write_paper",
    "metrics": (
        "collect_metrics curve_noise curve_reference curve_shots curve_training evaluate explain_device "
        "explain_layer fit_reference log_mlflow report_study score_every_pixel tune write_report"
    ),
    "report": (
        "analyse_circuit explain_device map_new_scene map_scenes predict_new report_study write_paper write_report"
    ),
    "report/images": "report_study",
    "report/photographs": "report_study",
    "report/table": "report_study",
    "training": (
        "curve_noise curve_reference curve_shots curve_training evaluate explain_device fit_reference fit_unet "
        "log_mlflow report_study score_every_pixel train_classical train_device train_hardware train_ideal train_noisy "
        "train_seeds train_together tune write_report"
    ),
    "tuning": "tune",
}
BEFORE_CIRCUITS = {"draw_images", "fit_features", "split_samples", "split_table", "split_together"} | {
    f"prepare_{kind}" for kind in ("photographs", "pixels", "small_images", "table")
}
MATRIX = rules_of_modules()


@pytest.mark.parametrize("room", ROOMS)
def test_a_change_in_a_room_of_the_library_runs_these_rules_again_and_no_others(room: str) -> None:
    found = frozenset().union(*(rules for module, rules in MATRIX.items() if module.startswith(f"{room}/")))
    assert sorted(found) == ROOMS[room].split()


def test_no_change_in_circuits_or_training_makes_samples_again() -> None:
    rooms = ("circuits", "engine", "noise", "interpreters", "models", "training", "execution", "metrics", "report")
    for module, rules in MATRIX.items():
        if module.startswith(rooms):
            assert not rules & BEFORE_CIRCUITS, module
