"""Programs in files, with the digest that finds every change."""

from __future__ import annotations

import json
import os
from pathlib import Path

from hqnn.circuits.program import Program
from hqnn.errors import UserError
from hqnn.store import write_text

DIGEST = "sha256"


def write_program(path: str | os.PathLike[str], program: Program) -> None:
    """Write a program behind its digest, so that a wrong bit is no other circuit."""
    write_text(path, f'{{"{DIGEST}":"{program.digest}",{program.to_json().removeprefix("{")}')


def read_program(path: str | os.PathLike[str]) -> Program:
    """Read the program that a file holds.

    Raises:
        UserError: the file is missing or damaged, or holds another program than was written there.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        program = Program.from_json(text)
        if json.loads(text).get(DIGEST, program.digest) != program.digest:
            raise UserError("another program than was written")
    except FileNotFoundError as error:
        raise UserError(f"{path} is missing; run again, so that the circuit is traced and compiled anew") from error
    except (OSError, UserError, ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        raise UserError(f"{path} is damaged and holds no program any more; delete it and run again") from error
    return program
