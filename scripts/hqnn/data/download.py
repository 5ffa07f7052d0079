"""Download a file: resumable, verified, from the first address that works."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path

import requests

from hqnn.data.catalogue import RemoteFile
from hqnn.errors import UserError
from hqnn.store import explained_writes

log = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 16
ATTEMPTS = 3  # in a row without a new byte, at one address
PAUSE_S = 1.0  # before the next of them
TIMEOUT_S = (15, 60)  # to connect, and between two pieces


def fetch_file(file: RemoteFile, archives: str | os.PathLike[str]) -> Path:
    """Download a file unless it is there.

    Half a file stays as `<name>.part`, so a second call goes on where the first one stopped.

    Args:
        file: where it lies, and its checksum.
        archives: folder that gets it; one that was put there by hand is used if its checksum is right.

    Returns:
        Its path.

    Raises:
        UserError: no address gives a file of the right checksum, one that is there has another, or the disk is full.
    """
    target = Path(archives) / file.name
    with explained_writes(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_file():
            _download(target, file)
        elif wrong := _wrong(target, file):
            raise UserError(f"{target} has the {wrong}; put the right file there, or remove it to have it downloaded")
    return target


def _download(target: Path, file: RemoteFile) -> None:
    part = target.with_name(f"{target.name}.part")
    failures = []
    for url in file.urls:
        reason = _verified(url, part, file)
        if reason is None:
            part.replace(target)
            return
        failures.append(f"{url}: {reason}")
        log.warning("%s", failures[-1])
    raise UserError(
        f"{file.name} could not be downloaded ({'; '.join(failures)}); check the network and run again, put the file "
        f"at {target} yourself, or name the path of a local copy"
    )


def _verified(url: str, part: Path, file: RemoteFile) -> str | None:
    """Go on with a partial file until it is whole and right; why not, where it never gets there."""
    if file.checksum == "unknown":
        part.unlink(missing_ok=True)  # nothing would tell whether a later piece belongs to the same file
    resumed = part.exists()
    reason = _whole(url, part) or _discarded(part, file)
    if reason and resumed and not part.exists():  # what another address began may be what was wrong
        reason = _whole(url, part) or _discarded(part, file)
    return reason


def _discarded(part: Path, file: RemoteFile) -> str | None:
    """Remove a file whose checksum is wrong, and say so."""
    wrong = _wrong(part, file)
    if wrong:
        part.unlink()
    return wrong and f"what came has the {wrong} and was removed"


def _whole(url: str, part: Path) -> str | None:
    """Go on with a partial file until it is whole; why not, where it never gets there."""
    reason, left, most = "", ATTEMPTS, _size(part)
    while left:
        try:
            if _continue(url, part):
                return None
            reason = "the connection broke off"
        except requests.HTTPError as error:
            return f"the server answers {error.response.status_code}"
        except requests.exceptions.ChunkedEncodingError:
            reason = "the connection broke off"
        except requests.RequestException as error:
            reason = type(error).__name__
        left = ATTEMPTS if _size(part) > most else left - 1
        most = max(most, _size(part))
        time.sleep(PAUSE_S if left else 0)
    return reason


def _continue(url: str, part: Path) -> bool:
    """Ask for what is missing and append it; whether the file is whole then."""
    have = _size(part)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            return _whole_or_discarded(part, response.headers)
        response.raise_for_status()
        resumed = response.status_code == requests.codes.partial_content
        with part.open("ab" if resumed else "wb") as file:
            for chunk in response.iter_content(CHUNK_BYTES):
                file.write(chunk)
        decoded = "Content-Encoding" in response.headers  # the length is that of what was sent
        length = None if decoded else response.headers.get("Content-Length")
    return length is None or _size(part) == int(length) + (have if resumed else 0)


def _whole_or_discarded(part: Path, headers: Mapping[str, str]) -> bool:
    """Whether the server, which has nothing beyond what is here, has as much as is here; if not, it is discarded."""
    if headers.get("Content-Range", "").endswith(f"/{_size(part)}"):
        return True
    part.unlink()
    return False


def _wrong(path: Path, file: RemoteFile) -> str | None:
    """What a file's checksum is and should be, where they differ."""
    kind, _, wanted = file.checksum.partition(":")
    with path.open("rb") as content:
        algorithm = "md5" if kind == "md5" else "sha256"
        found = hashlib.file_digest(content, algorithm).hexdigest()
    if kind == "unknown":
        log.warning("no checksum of %s is known; it came as sha256 %s", file.name, found)
    return None if found.startswith(wanted) else f"{algorithm} {found} instead of {wanted}"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
