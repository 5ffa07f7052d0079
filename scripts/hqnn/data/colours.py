"""Images of any mode of Pillow as grey or colours of 8 bits, and what is assumed on the way."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Literal

from PIL import Image, ImageCms

BYTES = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "LAB")
WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
GREY = ("1", "L", "LA", "La")
OPAQUE = 255
PLAIN = ("srgb", "gray", "grey", "dot gain")  # profiles of these names change nothing that matters

TRANSPARENT = (
    "with transparent pixels: the colours under them are taken; lay them on a background if these mean nothing"
)
FOURTH_BAND = (
    "with a fourth band that is taken as transparency and left out; take kind images and set its bands to "
    "[1, 2, 3, 4] to read it"
)
INKS = "in the inks of CMYK, turned into RGB without a colour profile; save them as RGB if colours matter"
LAB = "in the colours of CIELAB, turned into sRGB"
PROFILE = "with the colour profile {!r}, which is not applied; convert all to sRGB if others have none"

Mode = Literal["L", "RGB"]


def is_grey(image: Image.Image) -> bool:
    """Whether an image has no colours by its mode."""
    return image.mode in GREY


def in_mode(image: Image.Image, mode: Mode) -> tuple[Image.Image, tuple[str, ...]]:
    """An image of a mode of `BYTES` as grey or colours, and remarks on what was assumed.

    Transparency is left out: what lies under it is shown. Colour profiles are not applied.
    """
    remarks = tuple(remark for remark in (_of_transparency(image), _of_colours(image)) if remark)
    return _converted(image, mode), remarks


def _converted(image: Image.Image, mode: Mode) -> Image.Image:
    if image.mode == mode:
        return image
    if image.mode == "LAB":
        image = ImageCms.profileToProfile(image, _lab(), _srgb(), outputMode="RGB") or image
    if "transparency" in image.info or image.mode in ("PA", "RGBa"):
        image = image.convert("RGBA")  # the same colours; Pillow warns of the short way, or has none
    if image.mode == "La":
        image = image.convert("LA")
    return image.convert(mode)


def _of_transparency(image: Image.Image) -> str:
    see_through = image.convert("RGBA") if "transparency" in image.info else image
    if see_through.mode not in WITH_ALPHA:
        return ""
    if see_through.getchannel(len(see_through.getbands()) - 1).getextrema() == (OPAQUE, OPAQUE):
        return ""
    return FOURTH_BAND if image.format == "TIFF" and image.mode == "RGBA" else TRANSPARENT


def _of_colours(image: Image.Image) -> str:
    if image.mode == "CMYK":
        return INKS
    if image.mode == "LAB":
        return LAB
    name = _profile(image.info.get("icc_profile") or b"")
    return "" if is_grey(image) or not name or any(word in name.lower() for word in PLAIN) else PROFILE.format(name)


@lru_cache(maxsize=64)
def _profile(content: bytes) -> str:
    """The name of a colour profile; nothing where there is none that can be read."""
    try:
        return ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(content))).strip() if content else ""
    except (ImageCms.PyCMSError, OSError):
        return ""


@lru_cache(maxsize=1)
def _lab() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
