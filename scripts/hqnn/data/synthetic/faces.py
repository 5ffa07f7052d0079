"""Drawn faces with and without a mask."""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter
from scipy.ndimage import gaussian_filter

Generator = np.random.Generator
Colour = tuple[int, int, int]
Point = tuple[float, float]

OVERSAMPLED = 3
SIDES = (96, 160)
EXTRAS = (0.2, 0.25, 0.1, 0.45)  # how often a beard, a scarf, a hand, nothing
SKINS = ((255, 219, 188), (240, 190, 150), (205, 150, 110), (150, 100, 70), (95, 62, 45))


def draw_face(masked: bool, generator: Generator) -> NDArray[np.uint8]:
    """Draw a face before a blurred background, sides of 96 to 160 pixels.

    With a mask, a cloth of some colour, perhaps striped, lies over mouth and nose. Without, some faces have a beard, a
    scarf below the chin or a hand at it, so that colour in the lower half alone does not tell.

    Args:
        masked: whether it wears a mask.
        generator: the source of randomness.

    Returns:
        RGB, shape (height, width, 3).
    """
    width, height = (int(side) for side in generator.integers(*SIDES, size=2, endpoint=True))
    face = _Face(width, height, generator)
    face.draw_head()
    if masked:
        face.draw_mask()
    else:
        face.draw_mouth()
        extras = (face.draw_beard, face.draw_scarf, face.draw_hand, face.draw_nothing)
        extras[generator.choice(4, p=EXTRAS)]()
    return face.photographed()


class _Face:
    """A picture in the making; lengths in radii of the head around its middle, x to the right and y down."""

    def __init__(self, width: int, height: int, generator: Generator) -> None:
        self.generator = generator
        self.size = (width, height)
        self.image = _background(width * OVERSAMPLED, height * OVERSAMPLED, generator)
        self.pen = ImageDraw.Draw(self.image)
        self.radius = min(width, height) * OVERSAMPLED * generator.uniform(0.24, 0.38)
        self.middle = np.array(self.image.size) * generator.uniform(0.42, 0.58, 2)
        self.tilt = generator.normal(0, 0.12)
        self.turn = generator.normal(0, 0.12)
        self.skin = _varied(SKINS[generator.integers(len(SKINS))], 12, generator)
        self.hair = _varied((60, 40, 30), 35, generator)

    def draw_head(self) -> None:
        """Hair, neck, head, eyes, brows and nose."""
        body = _any_colour(self.generator)
        self._ellipse((0, 2.6), (1.7, 1.3), body)
        self._ellipse((0, 1.1), (0.42, 0.6), _darker(self.skin, 0.8))
        long = self.generator.uniform(0.0, 0.9)
        self._ellipse((0, -0.15 + long / 2), (1.0, 1.25 + long / 2), self.hair)
        self._ellipse((0, 0.1), (0.82, 1.12), self.skin)
        for side in (-1, 1):
            self._ellipse((0.34 * side + self.turn, -0.12), (0.17, 0.09), (245, 245, 240))
            iris = _varied((60, 45, 35), 25, self.generator)
            self._ellipse((0.34 * side + self.turn * 1.2, -0.12), (0.075, 0.085), iris)
            brow = [(0.18 * side + self.turn, -0.3), (0.5 * side + self.turn, -0.33)]
            self.pen.line(self._placed(brow), fill=self.hair, width=round(0.07 * self.radius))
        nose = [(self.turn, -0.05), (0.1 + 1.4 * self.turn, 0.27), (-0.08 + 1.4 * self.turn, 0.27)]
        self.pen.polygon(self._placed(nose), fill=_darker(self.skin, 0.88))

    def draw_mouth(self) -> None:
        """Lips, open or not."""
        opened = self.generator.uniform(0.03, 0.13)
        self._ellipse((self.turn, 0.6), (self.generator.uniform(0.2, 0.36), opened + 0.04), (175, 75, 75))
        if opened > 0.08:
            self._ellipse((self.turn, 0.6), (0.18, opened - 0.03), (240, 235, 225))

    def draw_mask(self) -> None:
        """A cloth from the nose to the chin, with ear loops and folds."""
        colour = _mask_colour(self.generator)
        top, low = self.generator.uniform(0.0, 0.2), self.generator.uniform(1.1, 1.3)
        upper = [(-0.8, top + 0.12), (self.turn, top - 0.04), (0.8, top + 0.12)]
        edge = [*upper, (0.68, 0.8), (0.3, low), (-0.3, low), (-0.68, 0.8)]
        for side in (-1, 1):
            loop = [(0.78 * side, top + 0.15), (0.9 * side, -0.1)]
            self.pen.line(self._placed(loop), fill=_darker(colour, 0.9), width=round(0.05 * self.radius))
        self.pen.polygon(self._placed(edge), fill=colour)
        folds = _any_colour(self.generator) if self.generator.random() < 0.25 else _darker(colour, 0.85)
        for height in np.linspace(top + 0.3, low - 0.25, self.generator.integers(1, 5)):
            fold = [(-0.66, height), (self.turn, height + 0.05), (0.66, height)]
            self.pen.line(self._placed(fold), fill=folds, width=round(0.04 * self.radius))

    def draw_beard(self) -> None:
        """Hair around mouth and chin."""
        upper = [(-0.8, 0.2), (-0.45, 0.45), (0.45, 0.45), (0.8, 0.2)]
        edge = [*upper, (0.66, 0.85), (0.3, 1.3), (-0.3, 1.3), (-0.66, 0.85)]
        self.pen.polygon(self._placed(edge), fill=self.hair)
        self._ellipse((self.turn, 0.62), (0.24, 0.07), (165, 80, 80))

    def draw_scarf(self) -> None:
        """Cloth below the chin."""
        self._ellipse((0, 1.55), (0.95, 0.5), _any_colour(self.generator))

    def draw_hand(self) -> None:
        """A fist at the chin."""
        self._ellipse((0.35 * self.generator.choice((-1, 1)), 1.05), (0.33, 0.38), _darker(self.skin, 0.93))

    def draw_nothing(self) -> None:
        """Leave the face as it is."""

    def photographed(self) -> NDArray[np.uint8]:
        """The picture out of focus, in some light, with a sensor's noise."""
        soft = self.image.filter(ImageFilter.GaussianBlur(self.generator.uniform(0.3, 1.2) * OVERSAMPLED))
        pixels = np.asarray(soft.resize(self.size, Image.Resampling.BOX), dtype=np.float64)
        light = self.generator.uniform(0.65, 1.15) * self.generator.normal(1, 0.06, 3)
        left, right = self.generator.uniform(0.75, 1.15, 2).tolist()
        ramp = np.linspace(left, right, pixels.shape[1])[:, None]
        grain = self.generator.normal(0, self.generator.uniform(2, 9), pixels.shape)
        return np.asarray(np.clip(np.rint(pixels * light * ramp + grain), 0, 255), dtype=np.uint8)

    def _placed(self, points: list[Point]) -> list[Point]:
        cosine, sine = np.cos(self.tilt), np.sin(self.tilt)
        turned = np.array(points) @ np.array([[cosine, sine], [-sine, cosine]])
        return [(float(x), float(y)) for x, y in self.middle + self.radius * turned]

    def _ellipse(self, middle: Point, radii: Point, colour: Colour) -> None:
        angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        edge = np.stack([middle[0] + radii[0] * np.cos(angles), middle[1] + radii[1] * np.sin(angles)], axis=1)
        self.pen.polygon(self._placed([(x, y) for x, y in edge.tolist()]), fill=colour)


def _background(width: int, height: int, generator: Generator) -> Image.Image:
    coarse = generator.uniform(30, 230, (height // 24 + 1, width // 24 + 1, 3))
    smooth = gaussian_filter(coarse, (generator.uniform(0.5, 2.5),) * 2 + (0.3,))
    image = Image.fromarray(np.clip(smooth, 0, 255).astype(np.uint8))
    return image.resize((width, height), Image.Resampling.BICUBIC)


def _mask_colour(generator: Generator) -> Colour:
    plain = ((235, 238, 240), (120, 180, 215), (40, 42, 48), (150, 205, 190))
    return _varied(plain[generator.integers(4)], 14, generator) if generator.random() < 0.65 else _any_colour(generator)


def _any_colour(generator: Generator) -> Colour:
    hue, saturation, value = generator.uniform((0, 0.1, 0.25), (1, 0.8, 0.95))
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(255 * red), round(255 * green), round(255 * blue)


def _varied(colour: Colour, spread: float, generator: Generator) -> Colour:
    red, green, blue = np.clip(np.array(colour) + generator.normal(0, spread), 0, 255).astype(int).tolist()
    return red, green, blue


def _darker(colour: Colour, factor: float) -> Colour:
    red, green, blue = (round(value * factor) for value in colour)
    return red, green, blue
