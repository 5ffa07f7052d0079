"""The pages that come from the config model: the JSON schema and ``config/README.md``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from hqnn.settings.model import Settings
from hqnn.settings.section import Section, section_of


def schema() -> str:
    """The JSON schema of the config, as text."""
    return json.dumps(Settings.model_json_schema(), indent=2) + "\n"


def manual() -> str:
    """The page that explains every key, in Markdown."""
    lines = [
        "# Every key of the config",
        "",
        "Written by `make config` from `scripts/hqnn/settings`; `config/schema.json` is the same for editors.",
        "A study's file in `config/studies` holds only what the study changes; give it with `--configfile`.",
        "",
    ]
    for name, section in _sections("", Settings):
        lines += [f"## {name or 'top level'}", "", section.__doc__ or "", ""]
        lines += ["| key | type | unit | default | what |", "| --- | --- | --- | --- | --- |"]
        lines += [_row(name, section, k, field) for k, field in section.model_fields.items() if not _is_section(field)]
        lines.append("")
    return "\n".join(lines)


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, Section)


def _sections(name: str, section: type[Section]) -> Iterator[tuple[str, type[Section]]]:
    yield name, section
    for key, field in section.model_fields.items():
        inner = f"{name}.{key}".lstrip(".")
        found = section_of(field.annotation)
        if found:
            yield from _sections(inner if _is_section(field) else f"{inner}[]", found)


def _row(name: str, section: type[Section], key: str, field: FieldInfo) -> str:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    default = json.dumps(to_jsonable_python(field.default))
    kind = _plain_type(section.model_json_schema()["properties"][key])
    cells = [f"`{name}.{key}`".replace("`.", "`"), kind, str(extra.get("unit", "")), default]
    return "| " + " | ".join([*(cell.replace("|", "\\|") for cell in cells), field.description or ""]) + " |"


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
