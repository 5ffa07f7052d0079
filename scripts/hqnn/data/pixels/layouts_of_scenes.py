"""Collections of scenes by the name of their layout."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from typing import Any

from hqnn.data.pixels.scene import Collection
from hqnn.errors import UserError, nearest

TOGETHER = "pooled"
LAYOUTS = ("oscd", "scenes", "cube", "safe")


def open_collection(layout: str, root: str | os.PathLike[str], **options: Any) -> Collection:
    """Open a data set; only the reader of its layout is imported.

    Args:
        layout: ``oscd``: pairs as in OSCD; ``scenes``: a table of rasters; ``cube``: one array; ``safe``: products of
            Sentinel-2.
        root: its folder or file.
        options: see `open_oscd`, `open_scenes`, `open_cube` and `open_products`; those that only other layouts have are
            left aside.

    Raises:
        UserError: there is no such layout, the data set is not laid out so, or a scene has a name that means all.
    """
    reader: Callable[..., Collection]
    if layout == "oscd":
        from hqnn.data.pixels.oscd import open_oscd as reader
    elif layout == "scenes":
        from hqnn.data.pixels.scenes import open_scenes as reader
    elif layout == "cube":
        from hqnn.data.pixels.cube import open_cube as reader
    elif layout == "safe":
        from hqnn.data.pixels.safe import open_products as reader
    else:
        raise UserError(f"scenes.layout {layout!r} is unknown{nearest(layout, LAYOUTS)}")
    own = inspect.signature(reader).parameters
    opened = reader(root, **{name: value for name, value in options.items() if name in own})
    if TOGETHER in {listed.name for listed in opened.scenes}:
        raise UserError(f"{root}: a scene is called {TOGETHER!r}, as tables call all scenes together; rename it")
    return opened
