"""Which column of a table is what."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hqnn.data.table.cells import UNNAMED, check_names, likely, shown
from hqnn.data.table.numerals import NUMERAL
from hqnn.errors import UserError

log = logging.getLogger(__name__)

LABELS = ("label", "class", "target", "y")


@dataclass(frozen=True)
class Roles:
    """Names of columns; empty where nothing is said or there is none.

    Attributes:
        label: the class of a row.
        features: what a model sees.
        split: `train`, `validation` or `test`.
        group: what belongs together.
        id: what a row is called.
        labelled: whether there must be a label.
    """

    label: str = ""
    features: tuple[str, ...] = ()
    split: str = ""
    group: str = ""
    id: str = ""
    labelled: bool = True


def find_roles(path: Path, names: Sequence[str], wanted: Roles) -> Roles:
    """Find every column that is named, and by their usual names those that are not.

    Features are all columns with no other role where none is named; those without a name, as pandas gives the index,
    are left out with a warning.

    Raises:
        UserError: a column is missing, has two roles, or no feature is left.
    """
    check_names(path, names)
    if not wanted.labelled:
        _need(path, names, wanted.features)
        label = _given(names, (wanted.label,) if wanted.label else LABELS, wanted.features)
        return replace(wanted, label=label, id=_optional(path, names, wanted.id, "id", ()))
    label = _label(path, names, wanted.label)
    taken = (label, *wanted.features)
    split = _optional(path, names, wanted.split, "split", taken)
    group = _optional(path, names, wanted.group, "group", taken)
    own = _optional(path, names, wanted.id, "id", taken)
    others = {"label": label, "split": split, "group": group, "id": own}
    features = wanted.features or _other_columns(path, names, [name for name in others.values() if name])
    _need(path, names, features)
    _refuse_two_roles(path, others, features)
    return Roles(label, tuple(features), split, group, own)


def _need(path: Path, names: Sequence[str], features: Sequence[str]) -> None:
    there = set(names)
    missing = [name for name in features if name not in there]
    if missing:
        hint = likely(missing[0], names)
        raise UserError(f"{path} lacks {_columns(len(missing))} {shown(missing)}{hint}")


def _columns(count: int) -> str:
    return "the column" if count == 1 else f"{count} columns:"


def _label(path: Path, names: Sequence[str], label: str) -> str:
    if label:
        if label not in names:
            raise UserError(f"{path} has no column {label!r} to be the label{likely(label, names)}")
        return label
    folded = {name.casefold(): name for name in names}
    found = [folded[name] for name in LABELS if name in folded]
    if len(found) > 1:
        raise UserError(f"{path} has the columns {shown(found)}; say in columns.label which one is the label")
    if not found:
        if len(names) == 1:
            raise UserError(f"{path} has the one column {names[0]!r}; separate columns by commas, semicolons or tabs")
        numbers = [name for name in names if NUMERAL.fullmatch(name)]
        header = " (some names are numbers: if the file has no header, add one)" if numbers else ""
        raise UserError(
            f"{path} has no label: no column is called {', '.join(LABELS)}; name it in columns.label{header}"
            f"{likely(_most_alike(names), names)}"
        )
    return found[0]


def _given(names: Sequence[str], usual: Sequence[str], taken: Sequence[str]) -> str:
    """The one column of rows to predict that may be their label; empty where there is none, or several."""
    found = [name for name in names if name.casefold() in {one.casefold() for one in usual} and name not in taken]
    return found[0] if len(found) == 1 else ""


def _most_alike(names: Sequence[str]) -> str:
    """The usual name of a label that one of the columns is most like."""
    for usual in LABELS[:-1]:
        if "did you mean" in likely(usual, names):
            return usual
    return LABELS[0]


def _optional(path: Path, names: Sequence[str], name: str, role: str, taken: Sequence[str]) -> str:
    """The column of a role: the one that is named, or the one that is called like the role, or none."""
    if name:
        if name not in names:
            raise UserError(f"{path} has no column {name!r} to be the {role}{likely(name, names)}")
        return name
    return next((one for one in names if one.casefold() == role and one not in taken), "")


def _other_columns(path: Path, names: Sequence[str], taken: Sequence[str]) -> list[str]:
    free = [name for name in names if name not in taken]
    features = [name for name in free if not UNNAMED.fullmatch(name)]
    if not features:
        raise UserError(f"{path} has no column of features beside {shown(taken)}; add one")
    if len(features) < len(free):
        log.warning("%s: left out what has no name of its own, columns: %d", path, len(free) - len(features))
    likely_labels = [name for name in features if name.casefold() in LABELS]
    if likely_labels:
        log.warning("%s: %s is taken as a feature, though called like a label", path, shown(likely_labels))
    return features


def _refuse_two_roles(path: Path, others: dict[str, str], features: Sequence[str]) -> None:
    roles: dict[str, str] = {}
    for role, name in [*others.items(), *(("feature", name) for name in features)]:
        if name and name in roles:
            raise UserError(f"{path}: the column {name!r} is named as {roles[name]} and as {role}; give it one role")
        roles[name] = role
