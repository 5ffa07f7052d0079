"""Eight features of what date 1 does not explain of date 2, under per-image radiometric normalisation.

The normalisation is that of relative radiometric normalisation: an image pair is its own reference. It takes means,
standard deviations and correlations of all valid pixels of the pair, test pairs included, and no label.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from hqnn.data.moments import ROUNDING, Floats, Moments
from hqnn.data.pixels.bands import BANDS

VISIBLE, RED_EDGE, INFRARED = ("B02", "B03", "B04"), ("B05", "B06"), ("B07", "B08", "B8A")
PREDICTED = VISIBLE + RED_EDGE + INFRARED
AT_10M = ("B02", "B03", "B04", "B08")
LOG_OFFSET = 100.0  # digital numbers; a hundredth of full reflectance
RIDGE = 0.01
SIGMA, MARGIN = 2.0, 6  # pixels; the filter ends at three sigma
FLOOR = 1e-3  # of variances, before their logarithm
CLIP = 4.0
FEATURES = 8

BRIGHTNESS = 2 * len(BANDS)  # where quantities of a pixel begin, after the logarithms of both dates
WATER = BRIGHTNESS + 2 * len(VISIBLE)
QUANTITIES = WATER + 2
CHANNELS = len(PREDICTED) + 3


@dataclass(frozen=True)
class ResidualFeatures:
    """The raw features of one image pair.

    Attributes:
        weights: from quantities to channels, shape (channels, quantities). Quantities are ln(DN + 100) of all bands,
            DN of the visible bands, and NDWI, each of date 1, then of date 2. Channels are the residuals of the bands
            `PREDICTED`, brightness at date 1 and at date 2, and the change of NDWI.
        offset: of each channel, shape (channels,).
    """

    weights: Floats
    offset: Floats

    @classmethod
    def of_image(cls, image: Iterable[NDArray[np.float32]]) -> ResidualFeatures:
        """Normalise an image pair by its own pixels.

        All quantities are standardised over the image. Brightness is then the mean of the visible bands, and the
        residual is what a ridge regression on all bands of date 1 leaves of a band of date 2, see `_residuals`.

        Args:
            image: its valid pixels, digital numbers, in pieces of shape (2, 13, pixels). Without any pixel all weights
                are as good as any.
        """
        moments = Moments(mean=np.zeros(QUANTITIES), scatter=np.zeros((QUANTITIES, QUANTITIES)))
        for pixels in image:
            moments.add(_quantities(pixels).T)
        channels = np.zeros((CHANNELS, QUANTITIES))
        channels[:-3, :BRIGHTNESS] = _residuals(moments.correlation[:BRIGHTNESS, :BRIGHTNESS])
        channels[-3:-1, BRIGHTNESS:WATER] = np.kron(np.eye(2), np.full(len(VISIBLE), 1 / len(VISIBLE)))
        channels[-1, WATER:] = (-1, 1)
        weights = channels / moments.scale
        return cls(weights, -weights @ moments.mean)

    def __call__(self, dates: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Compute raw features; arguments and shapes as of `hqnn.data.layouts.RawFeatures`.

        With g the local mean, R the residuals, z1 and z2 brightness, w the change of NDWI, root(x) = ln(x + 0.001) / 2
        and spread(x) = root(g(x^2) - g(x)^2), where roots are taken of means over bands: (1) root(g(R^2)), visible
        bands; (2) asinh(g(z1)); (3) root(g(R)^2), 10 m bands; (4) spread(R), red edge; (5) spread(R), near infrared;
        (6) |g(w)|; (7) spread(z2); (8) spread(R), visible bands.
        """
        channels = np.tensordot(self.weights, _quantities(dates), 1) + self.offset[:, None, None]
        means = _local_mean(channels, valid)
        residual, (before, after, water) = means[:-3], means[-3:]
        groups = [_places(bands, PREDICTED) for bands in (VISIBLE, RED_EDGE, INFRARED)]
        powers = _local_mean(np.stack([(channels[own] ** 2).mean(axis=0) for own in groups]), valid)
        visible, edge, infrared = powers - np.stack([(residual[own] ** 2).mean(axis=0) for own in groups])
        texture = _local_mean(channels[-2] ** 2, valid) - after**2
        features = (
            _log_root(powers[0]),
            np.arcsinh(before),
            _log_root((residual[_places(AT_10M, PREDICTED)] ** 2).mean(axis=0)),
            _log_root(edge),
            _log_root(infrared),
            np.abs(water),
            _log_root(texture),
            _log_root(visible),
        )
        return np.stack(features).astype(np.float32)


def _places(bands: Sequence[str], among: Sequence[str]) -> list[int]:
    return [among.index(band) for band in bands]


def _quantities(dates: NDArray[np.float32]) -> Floats:
    """What is linear in the channels, shape (quantities, ...), from digital numbers, shape (2, 13, ...).

    Digital numbers below zero, which a sensor's noise may leave, count as zero, and so do NaN.
    """
    quantities = np.empty((QUANTITIES, *dates.shape[2:]))
    counts = quantities[:BRIGHTNESS].reshape(dates.shape)
    np.fmax(dates, 0, out=counts)
    green, infrared = (counts[:, BANDS.index(band)] for band in ("B03", "B08"))
    quantities[WATER:] = (green - infrared) / (green + infrared + 1)
    quantities[BRIGHTNESS:WATER].reshape(2, len(VISIBLE), *dates.shape[2:])[:] = counts[:, _places(VISIBLE, BANDS)]
    counts += LOG_OFFSET
    np.log(counts, out=counts)
    return quantities


def _residuals(correlation: Floats) -> Floats:
    """From standardised logarithms Z of both dates to residuals of unit variance, shape (predicted bands, 26).

    R = (Z2 - W^T Z1) / r with W = (S11 + 0.01 I)^-1 S12, S11 and S12 blocks of the correlation of the dates, and r^2
    the variance of the numerator.
    """
    bands = len(BANDS)
    before, across = correlation[:bands, :bands], correlation[:bands, bands:]
    regression = np.linalg.solve(before + RIDGE * np.eye(bands), across)
    residuals = np.hstack([-regression.T, np.eye(bands)])[_places(PREDICTED, BANDS)]
    spread = np.sqrt(np.einsum("ri,ij,rj->r", residuals, correlation, residuals).clip(0))
    return residuals / np.where(spread > ROUNDING, spread, 1.0)[:, None]


def _local_mean(planes: Floats, valid: NDArray[np.bool_]) -> Floats:
    """Gaussian mean over the valid pixels around, the margin cut off; NaN where a pixel is itself invalid.

    Normalised convolution: H. Knutsson, C.-F. Westin, "Normalized and differential convolution" (1993).
    """
    weight = np.where(valid, _smooth(valid.astype(np.float64)), np.nan)
    inner = slice(MARGIN, -MARGIN)
    return np.asarray((_smooth(planes * valid) / weight)[..., inner, inner])


def _smooth(planes: Floats) -> Floats:
    return np.asarray(gaussian_filter(planes, SIGMA, radius=MARGIN, axes=(-2, -1)))


def _log_root(square: Floats) -> Floats:
    """Logarithm of a root, finite where rounding leaves a square of zero below it."""
    return 0.5 * np.log(square.clip(0) + FLOOR)
