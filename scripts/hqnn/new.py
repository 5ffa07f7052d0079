"""Write the config of a new study: ``python -m hqnn.new FOLDER NAME KIND``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from hqnn.errors import UserError, nearest
from hqnn.settings.model import KINDS, RESERVED
from hqnn.store import write_text

EXAMPLES = Path(__file__).parent / "settings"


def write_example(folder: Path, name: str, kind: str) -> Path:
    """Write a commented config of a study, which runs at once on synthetic data.

    Args:
        folder: of the configs.
        name: of the study.
        kind: of the study.

    Returns:
        The file.

    Raises:
        UserError: the name cannot be one, the kind is unknown, or there is such a file already.
    """
    if not re.fullmatch(r"[A-Za-z0-9_]+", name) or name in RESERVED:
        raise UserError(f"NAME is {name!r}; a study is named by letters, digits and _, and not {', '.join(RESERVED)}")
    if kind not in KINDS:
        raise UserError(f"KIND is {kind!r}, which is no kind of study{nearest(kind, KINDS)}")
    path = folder / f"{name}.yaml"
    if path.exists():
        raise UserError(f"{path} exists; choose another NAME, or change the file")
    example = (EXAMPLES / kind / "example.yaml").read_text(encoding="utf-8")
    write_text(path, example.replace("NAME", name).replace("TITLE", name.replace("_", " ").capitalize()))
    return path


if __name__ == "__main__":
    try:
        written = write_example(Path(sys.argv[1]), *sys.argv[2:])
    except UserError as error:
        sys.exit(f"new: {error}")
    snakemake = ".venv/bin/snakemake" if Path(".venv").exists() else "snakemake"  # in a container it is on the path
    print(f"{written} is written; run it with: {snakemake} --cores 2 --configfile {written}")
