"""Text in the encodings that people's programs write."""

from __future__ import annotations

import codecs
from pathlib import Path

from hqnn.errors import UserError

# A mark of UTF-32 begins with that of UTF-16, so it is looked for first.
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
SHOWN = 40  # letters of a line


def decoded(path: Path, raw: bytes) -> str:
    """The text of a file: UTF-8, or what its byte-order mark says.

    Args:
        path: of the file, for messages.
        raw: its bytes.

    Raises:
        UserError: it is no such text, or is empty; the message names the first wrong line, and how it reads in the
            encoding that programs for Windows write.
    """
    encoding = next((name for mark, name in MARKS.items() if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise UserError(f"{path} begins like {encoding.upper()} but is damaged; save it anew as UTF-8") from error
        raise _no_utf8(path, raw, error.start) from error
    if "\0" in text:
        raise UserError(f"{path} is no text; save the table as UTF-8 text, or name the file after what it is")
    if not text.strip():
        raise UserError(f"{path} is empty; give a table with a header")
    return text


def _no_utf8(path: Path, raw: bytes, start: int) -> UserError:
    before = raw[:start].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    line = before.count(b"\n") + 1
    whole = (before[before.rfind(b"\n") + 1 :] + raw[start:]).splitlines()[0]
    windows = whole.decode("cp1252", errors="replace")
    shown = windows[max(0, len(before) - before.rfind(b"\n") - 1 - SHOWN // 2) :][:SHOWN]
    return UserError(
        f"{path} is not UTF-8 text: line {line} reads {shown!r} in the encoding Windows-1252 (Latin-1); save the table "
        "as UTF-8"
    )
