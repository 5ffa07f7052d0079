"""Small JSON and YAML files as plain Python values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from hqnn.errors import UserError
from hqnn.regular_files import check_regular


def read_plain(path: Path) -> dict[str, Any]:
    """Read the keys of a file, in UTF-8, or in UTF-16 or UTF-32 with a byte-order mark.

    Args:
        path: JSON where it ends in `.json`, else YAML.

    Raises:
        UserError: the file is missing, empty, damaged or no file, or holds no keys but a list or a single value.
    """
    check_regular(path)
    kind = "JSON" if path.suffix.lower() == ".json" else "YAML"
    try:
        text = path.read_bytes()
        if not text.strip():
            raise UserError(f"{path} is empty; write it again, or give the path of a calibration file")
        plain = json.loads(text) if kind == "JSON" else yaml.safe_load(text)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); give the path of a calibration file") from error
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise UserError(
            f"{path} is not {kind} ({' '.join(str(error).split())}), it may have been cut short; mend it, or write it "
            "again"
        ) from error
    if not isinstance(plain, dict):
        found = "a list" if isinstance(plain, list) else "a single value"
        raise UserError(f"{path} holds {found} instead of the keys of a calibration; give the path of another file")
    return plain
