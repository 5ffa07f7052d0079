"""What of a backend's noise breaks a model, and how much better the machine would have to be."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hqnn.noise.scales import PARTS
from hqnn.report.curve_figures import Curve
from hqnn.report.words import percent
from hqnn.wording import plural

WHOLE = "all noise"
FEW_ANSWERS = 0.01  # of the samples may be classified otherwise, and the answer counts as the same
NAMES = {"noise": WHOLE, **{f"noise_{part}": part for part in PARTS}}  # of the axes


def budget(model: str, backend: str, score: Mapping[str, Curve], same: Mapping[str, Curve], margin: float) -> list[str]:
    """What the page says of a model under scaled noise.

    A model breaks where it loses more than the margin of what it has without noise, in the mean over seeds; between
    two factors the loss is taken to grow linearly.

    Args:
        model: its name.
        backend: whose noise.
        score: balanced accuracy by factor, under the names of `NAMES`; the first factor is 0.
        same: share of answers as without noise, likewise.
        margin: balanced accuracy that may be lost.

    Returns:
        Sentences.
    """
    whole, most = score[WHOLE], score[WHOLE].at[-1]
    broken = crossing(whole.at, loss(whole), margin)
    alone = {part: crossing(curve.at, loss(curve), margin) for part, curve in score.items() if part != WHOLE}
    return [
        _at_calibration(model, backend, whole, same[WHOLE]),
        _breaks(broken, most, margin),
        _which(alone, most),
        _answers(same, most),
    ]


def loss(curve: Curve) -> NDArray[np.float64]:
    """What is lost of the value at the first point, in the mean over seeds, at each point."""
    return np.asarray(curve.mean[0] - np.array(curve.mean))


def crossing(at: tuple[float, ...], values: NDArray[np.float64], limit: float) -> float | None:
    """Where values first exceed a limit, by linear interpolation; None where they never do."""
    above = np.flatnonzero(values > limit)
    if not above.size:
        return None
    right = int(above[0])
    if right == 0:
        return at[0]
    (x0, x1), (y0, y1) = at[right - 1 : right + 1], values[right - 1 : right + 1]
    return float(x0 + (limit - y0) / (y1 - y0) * (x1 - x0))


def _at_calibration(model: str, backend: str, whole: Curve, same: Curve) -> str:
    """What the noise that is nearest to the calibration's own does."""
    place = int(np.argmin(np.abs(np.array(whole.at) - 1)))
    factor = "" if whole.at[place] == 1 else f" times {whole.at[place]:g}"
    return (
        f"{model}: balanced accuracy {whole.mean[0]:.3f} without noise and {whole.mean[place]:.3f} under that of "
        f"{backend}{factor}, which changes {percent(1 - same.mean[place])} % of its answers "
        f"({plural(len(whole.seeds), 'seed')})."
    )


def _breaks(broken: float | None, most: float, margin: float) -> str:
    lost = f"loses more than {margin:g} (evaluation.margin)"
    if broken is None:
        return f"It never {lost}, not at {most:g} times that noise either: the machine is good enough."
    if broken < 1:
        return f"It {lost} from {_times(broken)} that noise on: the machine must be {1 / broken:.2g} times better."
    return f"It {lost} from {_times(broken)} that noise on: the machine may be so much worse."


def _which(alone: Mapping[str, float | None], most: float) -> str:
    """Which part breaks the model by itself, the first one first."""
    breaking = sorted((factor, part) for part, factor in alone.items() if factor is not None)
    harmless = [part for part, factor in alone.items() if factor is None]
    if not breaking:
        return f"No part of the noise breaks it alone, up to {most:g} times what it is."
    first = "; ".join(f"{part} from {_times(factor)} what it is" for factor, part in breaking)
    rest = f"; {', '.join(harmless)} not up to {most:g} times" if harmless else ""
    return f"What breaks it alone: {first}{rest}."


def _answers(same: Mapping[str, Curve], most: float) -> str:
    """How much noise leaves the answers as they are, all together and the worst part."""
    change = {part: crossing(curve.at, 1 - np.array(curve.mean), FEW_ANSWERS) for part, curve in same.items()}
    known = {part: factor for part, factor in change.items() if factor is not None and part != WHOLE}
    first = min(known, key=lambda part: known[part], default="")
    worst = f"; {first} alone changes so many from {_times(known[first])} what it is on" if first else ""
    whole, few = change[WHOLE], f"no more than {100 * FEW_ANSWERS:g} % of the answers"
    if whole is None:
        return f"It changes {few} up to {most:g} times that noise{worst}."
    if whole < 1:
        return f"The machine must be {1 / whole:.2g} times better for {few} to change{worst}."
    return f"It changes {few} up to {_times(whole)} that noise{worst}."


def _times(factor: float) -> str:
    return f"{factor:.2g} times"
