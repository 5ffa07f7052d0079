"""The pages that come from the config model: the JSON schema and ``config/README.md``."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from hqnn.settings.model import KINDS, Settings
from hqnn.settings.section import Section, sections_of
from hqnn.settings.study import Study

STUDY = "studies.NAME"


def schema() -> str:
    """The JSON schema of the config, as text."""
    return json.dumps(Settings.model_json_schema(), indent=2) + "\n"


def manual() -> str:
    """The page that explains every key, in Markdown."""
    lines = [
        "# Every key of the config",
        "",
        "Written by `make config` from `scripts/hqnn/settings`; `config/schema.json` is the same for editors.",
        "`config.yaml` is the embedded demo. A file of `config/studies` holds only what its study changes; where one",
        "is given as `--configfile`, the demo is left out. `make new NAME=mine KIND=photographs` writes such a file.",
        "",
    ]
    for title, name, section, keys in _pages():
        lines += [f"## {title}", "", section.__doc__ or "", ""]
        lines += ["| key | type | unit | default | what |", "| --- | --- | --- | --- | --- |"]
        lines += [_row(name, section, key) for key in keys if not _is_section(section.model_fields[key])]
        lines.append("")
    return "\n".join(lines)


def _pages() -> Iterator[tuple[str, str, type[Section], Collection[str]]]:
    """Title, place, section and keys of each table: the top, what every study has, and what each kind adds."""
    for name, section in _sections("", Settings, [key for key in Settings.model_fields if key != "studies"]):
        yield name or "Top level", name, section, section.model_fields
    for name, section in _sections(STUDY, Study, ["data", "curves", "layer", "hardware_training", "tuning"]):
        yield "Every study" if name == STUDY else name, name, section, section.model_fields
    for kind, study in KINDS.items():
        above = study.__mro__[: study.__mro__.index(Study)]
        own = [key for key in study.model_fields if any(key in vars(one).get("__annotations__", ()) for one in above)]
        for name, section in _sections(STUDY, study, own):
            top = name == STUDY
            yield f"Kind `{kind}`{'' if top else ': ' + name}", name, section, own if top else section.model_fields


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, Section)


def _is_single(field: FieldInfo) -> bool:
    """Whether a key is a section, or one that may be left out."""
    return _is_section(field) or get_origin(field.annotation) in (Union, UnionType)


def _sections(name: str, section: type[Section], keys: Iterable[str]) -> Iterator[tuple[str, type[Section]]]:
    """A section and those below some of its keys."""
    yield name, section
    for key in keys:
        field = section.model_fields[key]
        inner = f"{name}.{key}".lstrip(".")
        for found in sections_of(field.annotation)[:1]:
            yield from _sections(inner if _is_single(field) else f"{inner}[]", found, found.model_fields)


def _row(name: str, section: type[Section], key: str) -> str:
    field = section.model_fields[key]
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    default = "" if field.is_required() else json.dumps(to_jsonable_python(field.default))
    kind = _plain_type(section.model_json_schema()["properties"][key])
    cells = [f"`{name}.{key}`".replace("`.", "`"), kind, str(extra.get("unit", "")), default, field.description or ""]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _plain_type(plain: Mapping[str, Any]) -> str:
    if "anyOf" in plain:
        return " or ".join(_plain_type(option) for option in plain["anyOf"])
    if "enum" in plain:
        return " \\| ".join(f"`{value}`" for value in plain["enum"]).replace("\\|", "or")
    if "const" in plain:
        return f"`{plain['const']}`"
    if plain.get("type") == "array":
        return f"list of {_plain_type(plain['items'])}"
    if "$ref" in plain:
        return "section, see below"
    if plain.get("type") == "object":
        values = plain.get("additionalProperties") or next(iter(plain["patternProperties"].values()))
        return f"names to {_plain_type(values)}"
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {plain[key]}" for key, sign in signs.items() if key in plain]
    return " ".join([plain.get("type", "any"), ", ".join(limits)]).strip()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / "schema.json").write_text(schema(), encoding="utf-8")
    (folder / "README.md").write_text(manual(), encoding="utf-8")
