"""Seeded damages: to bytes, to lines of text, to keys and values, and to files of a folder."""

from __future__ import annotations

import datetime
import gzip
import io
import json
import math
import pickle
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Generator = np.random.Generator
OfBytes = Callable[[bytes, Generator], bytes]

TEXTS = (".csv", ".txt", ".json", ".yaml")
ODD_NUMBERS = ("1e999", "-1", "NaN", "", "0", "-0.0", "1" * 40, "1e-320", "0x1F", "1_000", "1,5", "½", "99999999999")
ODD_VALUES = (
    *(None, True, False, "", " ", "\0", "nan", "a\nb", "ü<b>$x_{", "a" * 5000, "{}", "{x}", "../..", "/dev/null"),
    *(-1, 0, 1, 3.5, -0.5, 10**40, 2**63, 1e-320, 1e300, math.inf, -math.inf, math.nan),
    *([], [None], [[]], [1, 2], ["a", "a"], {}, {"": {}}, {"a": {"b": [1]}}, datetime.date(2020, 2, 30 - 1)),
)
NEST = "[" * 10_000


def _place(data: Sequence[Any], generator: Generator) -> int:
    return int(generator.integers(len(data))) if data else 0


def _span(data: bytes, generator: Generator) -> slice:
    start = _place(data, generator)
    return slice(start, start + int(2 ** generator.uniform(0, 9)))


def flipped(data: bytes, generator: Generator) -> bytes:
    raw = bytearray(data)
    for _ in range(int(generator.integers(1, 9)) if raw else 0):
        raw[_place(raw, generator)] ^= 1 << int(generator.integers(8))
    return bytes(raw)


def flipped_at_front(data: bytes, generator: Generator) -> bytes:
    return flipped(data[:512], generator) + data[512:]


def truncated(data: bytes, generator: Generator) -> bytes:
    return data[: _place(data, generator)]


def zeroed(data: bytes, generator: Generator) -> bytes:
    span = _span(data, generator)
    return data[: span.start] + bytes(len(data[span])) + data[span.stop :]


def inserted(data: bytes, generator: Generator) -> bytes:
    place = _place(data, generator)
    return data[:place] + generator.bytes(int(generator.integers(1, 65))) + data[place:]


def cut_out(data: bytes, generator: Generator) -> bytes:
    span = _span(data, generator)
    return data[: span.start] + data[span.stop :]


def emptied(data: bytes, generator: Generator) -> bytes:
    return b""


def foreign(data: bytes, generator: Generator) -> bytes:
    """What a file of another format holds."""
    png, archive = io.BytesIO(), io.BytesIO()
    Image.new("L", (3, 5), 7).save(png, "PNG")
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.txt", "a")
    others = (
        *(png.getvalue(), archive.getvalue(), gzip.compress(b"a,b\n1,2\n"), pickle.dumps({"a": [1]})),
        *(b"<!doctype html><html><body>404 not found</body></html>", b'{"a": 1}', b"[1, 2]", b"null", b"3", b"\n\n\n"),
        *(b"\x89HDF\r\n\x1a\n" + bytes(90), b"\x93NUMPY\x01\x00", b"PAR1PAR1", b"II*\0\x08\0\0\0", b"\0" * 2000),
        *(b"\xff" * 300, b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", b"a,b\n1,2\n"),
    )
    return others[_place(others, generator)]


def _relined(data: bytes, change: Callable[[list[bytes]], list[bytes]]) -> bytes:
    return b"\n".join(change(data.split(b"\n")))


def line_deleted(data: bytes, generator: Generator) -> bytes:
    return _relined(data, lambda lines: [line for row, line in enumerate(lines) if row != _place(lines, generator)])


def line_doubled(data: bytes, generator: Generator) -> bytes:
    def change(lines: list[bytes]) -> list[bytes]:
        row = _place(lines, generator)
        return [*lines[:row], lines[row], *lines[row:]]

    return _relined(data, change)


def lines_swapped(data: bytes, generator: Generator) -> bytes:
    def change(lines: list[bytes]) -> list[bytes]:
        one, other = _place(lines, generator), _place(lines, generator)
        lines[one], lines[other] = lines[other], lines[one]
        return lines

    return _relined(data, change)


def _replaced(pattern: bytes, data: bytes, generator: Generator, new: Callable[[bytes], bytes]) -> bytes:
    found = list(re.finditer(pattern, data))
    if not found:
        return data + new(b"0")
    one = found[_place(found, generator)]
    return data[: one.start()] + new(one[0]) + data[one.end() :]


def number_changed(data: bytes, generator: Generator) -> bytes:
    odd = ODD_NUMBERS[_place(ODD_NUMBERS, generator)].encode()
    return _replaced(rb"-?\d+(\.\d+)?", data, generator, lambda _: odd)


def mistyped(data: bytes, generator: Generator) -> bytes:
    def typo(word: bytes) -> bytes:
        place = _place(word, generator)
        return (word[:place] + word[place + 1 :], word[: place + 1] + word[place:], word.upper())[
            int(generator.integers(3))
        ]

    return _replaced(rb"[A-Za-z_]{2,}", data, generator, typo)


def sign_inserted(data: bytes, generator: Generator) -> bytes:
    place, signs = _place(data, generator), (b'"', b"'", b"\0", b"\xff", b"\r", b"\n", b"\t", b",", b";", b"{", b"&a")
    return data[:place] + signs[_place(signs, generator)] + data[place:]


def separators_changed(data: bytes, generator: Generator) -> bytes:
    changes = ((b",", b";"), (b",", b"\t"), (b"\n", b"\r"), (b"\n", b"\r\n"), (b".", b","), (b":", b"="), (b" ", b"\t"))
    return data.replace(*changes[_place(changes, generator)])


def recoded(data: bytes, generator: Generator) -> bytes:
    coding = ("utf-16", "utf-8-sig", "utf-16-le", "utf-32")[int(generator.integers(4))]
    return data.decode("utf-8", "replace").encode(coding)


def nested(data: bytes, generator: Generator) -> bytes:
    return _replaced(rb"[^\s,:\[\]{}]+", data, generator, lambda _: NEST.encode())


OF_BYTES: tuple[OfBytes, ...] = (
    *(flipped, flipped, flipped_at_front, flipped_at_front, truncated, truncated),
    *(zeroed, inserted, cut_out, emptied, foreign),
)
OF_TEXT: tuple[OfBytes, ...] = (
    *(line_deleted, line_doubled, lines_swapped, number_changed, number_changed, mistyped, mistyped),
    *(sign_inserted, separators_changed, recoded, nested),
)


def of_keys(plain: Any, generator: Generator) -> Any:
    """The same keys and values with one of them changed, taken away, renamed, wrapped, doubled or added."""
    places = list(_places(plain))
    return _changed(plain, places[_place(places, generator)], generator) if places else ODD_VALUES[0]


def _places(plain: Any, above: tuple[Any, ...] = ()) -> Any:
    """The way to every value: keys and numbers."""
    items = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for key, value in items:
        yield (*above, key)
        yield from _places(value, (*above, key))


def _changed(plain: Any, way: tuple[Any, ...], generator: Generator) -> Any:
    key, *below = way
    if below:
        copy = dict(plain) if isinstance(plain, dict) else list(plain)
        copy[key] = _changed(plain[key], tuple(below), generator)
        return copy
    odd, kind = ODD_VALUES[_place(ODD_VALUES, generator)], int(generator.integers(10))
    items = list(plain.items()) if isinstance(plain, dict) else [(row, value) for row, value in enumerate(plain)]
    row, value = next((row, item[1]) for row, item in enumerate(items) if item[0] == key)
    if kind < 5:
        items[row] = (key, odd)
    elif kind == 5:
        items[row] = (key, ([value], {"a": value}, {key: value}, str(value))[int(generator.integers(4))])
    elif kind == 6:
        del items[row]
    elif kind == 7:
        items[row] = (mistyped(str(key).encode(), generator).decode(), value)
    elif kind == 8:
        items.append((("", "a b", "ü", 3, None, True, "{x}")[int(generator.integers(7))], value))
    else:
        items[row] = (key, [value, value] if not isinstance(value, list) else value + value)
    return dict(items) if isinstance(plain, dict) else [value for _, value in items]


def _json_changed(data: bytes, generator: Generator) -> bytes:
    return json.dumps(of_keys(json.loads(data), generator), default=str).encode()


def damage_one(folder: Path, generator: Generator, only: Sequence[str] = ()) -> str:
    """Damage one file of a folder, and say how.

    Args:
        folder: with all below it.
        generator: of everything that is drawn.
        only: endings of the files that may be damaged; all where empty.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name.endswith(tuple(only) or ""))
    path = files[_place(files, generator)]
    kind = float(generator.random())
    if kind < 0.12:
        return _misplaced(path, files, generator)
    data = path.read_bytes()
    text = path.suffix in TEXTS
    if path.suffix == ".json" and kind < 0.5:
        change: OfBytes = _json_changed
    else:
        pool = OF_TEXT if text and kind < 0.8 else OF_BYTES
        change = pool[_place(pool, generator)]
    path.write_bytes(change(data, generator))
    return f"{change.__name__} {path.relative_to(folder)}"


def _misplaced(path: Path, files: Sequence[Path], generator: Generator) -> str:
    """A file taken away, swapped with another, or something else in its place."""
    kind, other = int(generator.integers(5)), files[_place(files, generator)]
    name = path.name
    if kind == 0:
        path.unlink()
    elif kind == 1:
        path.unlink()
        path.mkdir()
    elif kind == 2:
        path.unlink()
        path.symlink_to("nowhere")
    elif kind == 3:
        data = path.read_bytes()
        path.write_bytes(other.read_bytes())
        other.write_bytes(data)
    else:
        shutil.copy(path, path.with_name(f"again_{name}"))
    return f"{('missing', 'folder', 'broken link', f'swapped with {other.name}', 'twice')[kind]} {name}"


def of_config(config: Mapping[str, Any], generator: Generator) -> dict[str, Any]:
    """A config with one to three changes."""
    plain: Any = dict(config)
    for _ in range(int(generator.integers(1, 4))):
        plain = of_keys(plain, generator) if plain else plain
    return plain
