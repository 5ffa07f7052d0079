"""Which features of a pixel are asked for, and whether scenes can have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from hqnn.data.features import FeatureTransform, fit_transform
from hqnn.data.moments import Moments
from hqnn.data.pixels.bands import ALL, BANDS, Choice, chosen_bands
from hqnn.data.pixels.layouts import Layout, layout_named
from hqnn.data.pixels.neighbourhood import candidate_names
from hqnn.data.pixels.sampling import Sampling
from hqnn.data.pixels.scene import Collection
from hqnn.data.selection import chosen_of, select_features
from hqnn.errors import UserError, nearest

Fit = Literal["train", "image"]
FITS = ("train", "image")


MOST = 8  # features where no number of them is asked for


@dataclass(frozen=True)
class Features:
    """How features are computed, before anything is fitted.

    Attributes:
        sampling: which raw features, and at which pixels.
        components: how many features remain, all groups of the layout together.
        fit: `train` fits once on the train samples; `image` on all pixels of each scene by itself.
        whiten: scale features to unit variance over what was fitted on.
        groups: into how many parts the raw features are cut.
    """

    sampling: Sampling
    components: int
    fit: Fit
    whiten: bool
    groups: int

    @classmethod
    def of(
        cls,
        collection: Collection,
        bands: Choice,
        layout: str,
        components: int | None,
        fit: Fit,
        whiten: bool,
        stride: int,
        windows: Sequence[int] = (),
    ) -> Features:
        """Check what is asked for.

        Args:
            collection: the scenes.
            bands: see `chosen_bands`.
            layout: name of a feature layout.
            components: how many features remain, all groups of the layout together; where None all of a layout
                without reduction, else `MOST`, or as many as there are bands where these are fewer.
            fit: `train` fits once on the train samples; `image` on all pixels of each scene by itself.
            whiten: scale features to unit variance over what was fitted on.
            stride: every how many-th row and column is a sample.
            windows: sides of the windows that the layout looks at.

        Raises:
            UserError: a name is unknown, or the layout or the scenes cannot have these settings.
        """
        kind = layout_named(layout, windows)
        sampling = Sampling(_bands(collection, bands, layout, kind), layout, stride, tuple(windows))
        groups = kind.parts(collection.dates)
        if components is None:
            raw = groups if kind.reduction == "none" else collection.dates * len(sampling.bands)
            components = groups * min(max(1, MOST // groups), raw // groups)
        _check_fit(layout, kind, components, fit)
        return cls(sampling, components, fit, whiten, groups)

    @property
    def selects(self) -> bool:
        """Whether features are chosen by the classes of train samples."""
        return self.sampling.kind.reduction == "selection"

    def fitted(self, moments: Moments, of_class: Sequence[Moments] = ()) -> FeatureTransform:
        """Fit to raw features; what it raises, see `fit_transform` and `select_features`.

        Args:
            moments: of the samples that are fitted to.
            of_class: of those of each class, where features are chosen by them.
        """
        clip = self.sampling.kind.clip
        if self.selects:
            return select_features(moments, of_class, components=self.components, clip=clip)
        return fit_transform(moments, groups=self.groups, components=self.components, whiten=self.whiten, clip=clip)

    def chosen(self, transform: FeatureTransform, dates: int) -> list[str]:
        """Names of the features that were chosen; none where they are not chosen."""
        if not self.selects:
            return []
        names = candidate_names(self.sampling.bands, dates, self.sampling.windows)
        return [names[place] for place in chosen_of(transform)]

    def said(self) -> Mapping[str, Any]:
        """What the table says of it."""
        return asdict(self.sampling) | {"components": self.components, "fit": self.fit, "whiten": self.whiten}


def _check_fit(layout: str, chosen: Layout, components: int, fit: Fit) -> None:
    if fit not in FITS:
        raise UserError(f"fit {fit!r} is unknown{nearest(fit, FITS)}")
    if chosen.reduction == "pca":
        return
    if fit == "image":
        raise UserError(
            f"features.fit is 'image' but features.layout {layout!r} normalises every image by itself already; set "
            "features.fit to 'train'"
        )
    if chosen.reduction == "none" and components != chosen.groups:
        raise UserError(
            f"features.components is {components} but features.layout {layout!r} has {chosen.groups} features and no "
            f"PCA; set features.components to {chosen.groups}"
        )


def _bands(collection: Collection, choice: Choice, layout: str, kind: Layout) -> tuple[str, ...]:
    needed = kind.bands
    if needed is None:
        return chosen_bands(choice, collection.bands, collection.lacks)
    missing = [band for band in needed if band not in collection.bands]
    if missing or collection.dates != 2:
        lack = f"no band {missing[0]}" if missing else f"{collection.dates} dates"
        where = collection.lacks.get(missing[0]) if missing else None
        lack += f" (see {where})" if where else ""
        raise UserError(
            f"features.layout {layout!r} compares two dates of the {len(BANDS)} Sentinel-2 bands but the scenes of "
            f"{collection.root} have {lack}; choose 'per_date' or 'joint'"
        )
    if choice != ALL and chosen_bands(choice, collection.bands) != needed:
        raise UserError(f"features.bands is {choice!r} but features.layout {layout!r} needs {ALL!r}; set that")
    return needed
