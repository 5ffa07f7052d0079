"""A program from its file."""

from __future__ import annotations

import os
from pathlib import Path

from hqnn.circuits.program import Program
from hqnn.errors import UserError


def read_program(path: str | os.PathLike[str]) -> Program:
    """Read the program that a file holds.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        return Program.from_json(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing; run again, so that the circuit is traced and compiled anew") from error
    except (OSError, UserError, ValueError, LookupError, AttributeError) as error:
        raise UserError(f"{path} is damaged and holds no program any more; delete it and run again") from error
