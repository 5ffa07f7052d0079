"""Data that stand in the page for its scripts, and that are never read as HTML."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from numpy.typing import NDArray

SMALLEST = 9  # level of zlib


def data_block(kind: str, told: Mapping[str, Any]) -> Markup:
    """An element that no browser shows or runs.

    Args:
        kind: class of the element; a script of the page asks for it.
        told: anything JSON can say, which knows no NaN; characters that mean something in HTML are escaped in it.
    """
    block = Markup('<script type="application/json" class="{}">{}</script>')
    return block.format(kind, htmlsafe_json_dumps(told, separators=(",", ":"), ensure_ascii=False, allow_nan=False))


def packed(raster: NDArray[Any]) -> str:
    """Numbers as base64 of zlib's format (RFC 1950), little-endian, in C order."""
    return base64.b64encode(zlib.compress(raster.astype(raster.dtype.newbyteorder("<")).tobytes(), SMALLEST)).decode()
