"""Bands by name: Sentinel-2's, named sets of them, and what a user chooses among those of a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from hqnn.data.pixels.scene import Scene
from hqnn.errors import UserError, nearest

BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
BAND_SETS: Mapping[str, tuple[str, ...]] = {
    "rgb": ("B02", "B03", "B04"),
    "rgbnir": ("B02", "B03", "B04", "B08"),
    "below20m": ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12"),
    "all": BANDS,
}
ALL = "all"

Choice = str | int | Sequence[str | int]


def chosen_bands(
    choice: Choice, bands: Sequence[str], lacks: Mapping[str, str] = MappingProxyType({})
) -> tuple[str, ...]:
    """Names of the bands that a user chooses.

    Args:
        choice: a key of `BAND_SETS`, where ``all`` means every band there is; or bands one by one, each by its name or
            by its number, counted from 1.
        bands: names of all that there are.
        lacks: of bands that only some scenes have, what lacks them.

    Raises:
        UserError: a band does not exist, or is named twice.
    """
    if choice == ALL:
        return tuple(bands)
    wanted = BAND_SETS.get(choice, (choice,)) if isinstance(choice, str) else choice
    several = (wanted,) if isinstance(wanted, int) else tuple(wanted)
    names = tuple(_named(band, choice, bands, lacks) for band in several)
    twice = [name for number, name in enumerate(names) if name in names[:number]]
    if twice:
        raise UserError(f"features.bands names band {twice[0]!r} twice; name it once")
    if not names:
        raise UserError(f"features.bands is empty; name bands or one of the sets {', '.join(BAND_SETS)}")
    return names


def places(wanted: Sequence[str], scene: Scene) -> list[int]:
    """Where bands stand among those of a scene.

    Raises:
        UserError: the scene lacks one.
    """
    for name in wanted:
        if name not in scene.bands:
            raise UserError(f"scene {scene.name} has no band {name!r}{nearest(name, scene.bands)}; add the band to it")
    return [scene.bands.index(name) for name in wanted]


def _named(band: str | int, choice: Choice, bands: Sequence[str], lacks: Mapping[str, str]) -> str:
    if isinstance(band, int):
        if not 1 <= band <= len(bands):
            raise UserError(
                f"features.bands names band {band} but the scenes have {len(bands)}, counted from 1; choose one of them"
            )
        return bands[band - 1]
    if band in bands:
        return band
    if band in lacks:
        raise UserError(
            f"features.bands asks for band {band}, but {lacks[band]} has no file of band {band}; add it there, or "
            f"choose among {', '.join(bands)}"
        )
    if isinstance(choice, str) and choice in BAND_SETS:
        raise UserError(
            f"features.bands is {choice!r}, which needs band {band}, but the scenes' bands are {', '.join(bands)}; "
            "choose 'all', or name bands"
        )
    if band.isdecimal():  # a number from the command line
        return _named(int(band), choice, bands, lacks)
    known = (*bands, *BAND_SETS) if band == choice else bands
    raise UserError(f"features.bands names {band!r}, which the scenes do not have{nearest(band, known)}")
