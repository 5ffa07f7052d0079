"""Synthetic land cover and how Sentinel-2 would see it, before and after building work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, shift
from scipy.spatial import cKDTree

Floats = NDArray[np.float64]
Generator = np.random.Generator

FIELD, FOREST, WATER, ASPHALT, GREY_ROOF, RED_ROOF, BRIGHT_ROOF, GROUND = range(8)
KEPT = -1  # what was there before the building work
ROOFS = (GREY_ROOF, RED_ROOF, BRIGHT_ROOF)

# Plausible reflectance x 10000 at the top of the atmosphere, bands B01..B08, B8A, B09..B12, by land cover.
BARE = (1450, 1350, 1420, 1650, 1850, 2050, 2200, 2250, 2400, 800, 15, 2900, 2300)
GREEN = (1330, 1080, 1050, 750, 1150, 2650, 3250, 3150, 3450, 1100, 15, 1900, 1000)
SPECTRA = np.array(
    [
        BARE,
        (1260, 960, 850, 560, 860, 2000, 2450, 2400, 2700, 900, 14, 1350, 650),
        (1320, 1060, 820, 560, 500, 430, 410, 380, 350, 220, 12, 260, 160),
        (1500, 1340, 1260, 1270, 1380, 1500, 1600, 1560, 1680, 600, 15, 1800, 1550),
        (1650, 1580, 1580, 1680, 1800, 1920, 2050, 2050, 2150, 720, 15, 2350, 2100),
        (1500, 1350, 1400, 1850, 2050, 2200, 2300, 2300, 2450, 780, 15, 2600, 2300),
        (1950, 1980, 2050, 2200, 2300, 2400, 2500, 2500, 2600, 850, 17, 2750, 2450),
        (1560, 1530, 1680, 2000, 2150, 2300, 2450, 2450, 2600, 840, 16, 3250, 2800),
    ],
    dtype=np.float64,
)
HAZE = np.array((260, 220, 170, 130, 115, 95, 85, 75, 65, 20, 0, 25, 15), dtype=np.float64)
RELIEF = 0.3  # standard deviation of the logarithm of light on slopes
GRAIN = 220.0  # of a poor sensor, in reflectance x 10000
BLUR_PIXELS = 0.45  # the sensor's point spread at 10 m


@dataclass(frozen=True)
class Scene:
    """Both dates of a place at 10 m.

    Attributes:
        images: reflectance x 10000 of 13 bands, two arrays of shape (13, rows, columns).
        changed: where something was built, shape (rows, columns).
    """

    images: tuple[Floats, Floats]
    changed: NDArray[np.bool_]


def make_scene(shape: tuple[int, int], generator: Generator) -> Scene:
    """Draw a town among fields, forest and a river; then new buildings and roads, another season, haze, a shift.

    Only building work counts as change; harvested fields, repainted roofs and the weather do not.

    Args:
        shape: rows and columns at 10 m.
        generator: the source of randomness.
    """
    cover, parcels, greenness = _landscape(shape, generator)
    built, changed = _built(cover, generator)
    later = _next_season(greenness, parcels, generator)
    texture = _noise(shape, 1.2, generator)
    first = _seen(cover, greenness, texture, 0.3, generator)
    repainted = 0.8 * texture + 0.7 * _noise(shape, 0.8, generator)
    second = shift(
        _seen(built, later, repainted, 1.0, generator), (0, *generator.uniform(-0.4, 0.4, 2)), order=1, mode="nearest"
    )
    return Scene((first, second), changed)


def make_landscape(shape: tuple[int, int], generator: Generator) -> tuple[NDArray[np.int64], Floats]:
    """Draw a town among fields, forest and a river at one date, in hills whose slopes are unequally lit.

    Args:
        shape: rows and columns at 10 m.
        generator: the source of randomness.

    Returns:
        Land cover, a number of `SPECTRA` each, shape (rows, columns); and reflectance x 10000 of 13 bands, shape
        (13, rows, columns).
    """
    cover, _, greenness = _landscape(shape, generator)
    image = _seen(cover, greenness, _noise(shape, 1.2, generator), 0.6, generator)
    light = np.exp(RELIEF * _noise(shape, 5, generator))
    return cover, image * light + generator.normal(0, GRAIN, image.shape)


def _landscape(shape: tuple[int, int], generator: Generator) -> tuple[NDArray[Any], NDArray[Any], Floats]:
    """Land cover, the number of the parcel a pixel belongs to, and how green that is, 0 to 1."""
    cover = np.full(shape, FIELD)
    cover[_noise(shape, 14, generator) + 0.4 * _noise(shape, 3, generator) > 1.2] = FOREST
    parcels, greenness = _parcels(shape, 16, generator)
    u, v = _turned(shape, generator.uniform(0, np.pi), generator)
    cover[np.abs(v - 0.25 * max(shape) - 9 * np.sin(u / generator.uniform(18, 30))) < generator.uniform(2.5, 5)] = WATER
    _add_town(cover, greenness, generator)
    for _ in range(3):
        _, v = _turned(shape, generator.uniform(0, np.pi), generator)
        cover[np.abs(v) < 0.8] = ASPHALT
    return cover, parcels, greenness


def _add_town(cover: NDArray[Any], greenness: Floats, generator: Generator) -> None:
    """Streets around blocks of roofs and gardens, in place."""
    shape = (cover.shape[0], cover.shape[1])
    u, v = _turned(shape, generator.uniform(0, np.pi), generator)
    town = (np.hypot(u, v) / (0.3 * max(shape)) + 0.35 * _noise(shape, 9, generator) < 1) & (cover != WATER)
    period = generator.uniform(7, 10)
    houses, _ = _parcels(shape, 2.6, generator)
    kinds = generator.choice((*ROOFS, FIELD), size=houses.max() + 1, p=(0.35, 0.25, 0.07, 0.33))
    cover[town] = kinds[houses][town]
    greenness[town & (cover == FIELD)] = 0.75
    cover[town & ((u % period < 1.3) | (v % (1.6 * period) < 1.3))] = ASPHALT


def _built(cover: NDArray[Any], generator: Generator) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Land cover after building work, and where that went on: whole sites, lawns between the houses included."""
    shape = (cover.shape[0], cover.shape[1])
    built, changed = cover.copy(), np.zeros(shape, dtype=bool)
    houses, _ = _parcels(shape, 2.8, generator)
    for _ in range(generator.integers(9, 15)):
        u, v = _turned(shape, generator.uniform(0, np.pi), generator)
        site = (np.abs(u) < generator.uniform(4, 13)) & (np.abs(v) < generator.uniform(3, 8)) & (cover != WATER)
        shares = generator.dirichlet((1.2, 1.0, 0.15, 0.8, 1.0, 1.6))
        kinds = generator.choice((*ROOFS, GROUND, ASPHALT, KEPT), size=houses.max() + 1, p=shares)[houses]
        built = np.where(site & (kinds != KEPT), kinds, built)
        changed |= site
    for _ in range(2):
        u, v = _turned(shape, generator.uniform(0, np.pi), generator)
        road = (np.abs(v) < 1.0) & (np.abs(u) < generator.uniform(20, 45)) & (cover != WATER)
        built[road] = ASPHALT
        changed |= road
    return built, changed


def _next_season(greenness: Floats, parcels: NDArray[Any], generator: Generator) -> Floats:
    """Greenness at the other date: the season's shift everywhere, and some parcels harvested or grown."""
    count = parcels.max() + 1
    own = np.where(generator.random(count) < 0.5, generator.normal(0, 0.5, count), 0.0)
    return np.asarray(np.clip(greenness + generator.uniform(-0.15, 0.1) + own[parcels], 0, 1))


def _seen(cover: NDArray[Any], greenness: Floats, texture: Floats, haze: float, generator: Generator) -> Floats:
    """Reflectance x 10000 of land cover through an atmosphere and a sensor, shape (13, rows, columns)."""
    shape = (cover.shape[0], cover.shape[1])
    image = np.moveaxis(SPECTRA[cover], 2, 0)
    field = cover == FIELD
    image[:, field] += (np.array(GREEN) - BARE)[:, None] * greenness[field]
    roughness = np.where(np.isin(cover, (WATER,)), 0.02, np.where(np.isin(cover, ROOFS), 0.2, 0.08))
    image *= 1 + roughness * texture
    image = gaussian_filter(image, (0, BLUR_PIXELS, BLUR_PIXELS))
    veil = haze * (1 + 0.4 * _noise(shape, 40, generator))
    gain = generator.normal(1, 0.03, 13)[:, None, None]
    return np.asarray(image * gain + HAZE[:, None, None] * veil + generator.normal(0, 12, image.shape))


def _noise(shape: tuple[int, int], size: float, generator: Generator) -> Floats:
    """Smooth noise of unit variance with structures of some size in pixels."""
    smooth = gaussian_filter(generator.standard_normal(shape), size, mode="wrap")
    return np.asarray((smooth - smooth.mean()) / smooth.std())


def _parcels(shape: tuple[int, int], size: float, generator: Generator) -> tuple[NDArray[Any], Floats]:
    """Voronoi cells of some size in pixels, longer than wide: their numbers, and a value in [0, 1] of each."""
    u, v = _turned(shape, generator.uniform(0, np.pi), generator)
    count = int(np.prod(shape) / size**2) + 2
    corners = np.stack((u / 1.6, v), axis=-1)
    seeds = corners.reshape(-1, 2)[generator.integers(0, u.size, count)] + generator.normal(0, 0.3, (count, 2))
    cells = cKDTree(seeds).query(corners)[1]
    return np.asarray(cells), generator.uniform(0, 1, count)[cells]


def _turned(shape: tuple[int, int], angle: float, generator: Generator) -> tuple[Floats, Floats]:
    """Coordinates in pixels along and across a direction, around a random place."""
    row, column = np.indices(shape, dtype=np.float64)
    row, column = row - generator.uniform(0.1, 0.9) * shape[0], column - generator.uniform(0.1, 0.9) * shape[1]
    return column * np.cos(angle) + row * np.sin(angle), row * np.cos(angle) - column * np.sin(angle)
