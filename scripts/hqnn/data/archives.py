"""Unpack archives that strangers packed."""

from __future__ import annotations

import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from hqnn.data.inflation import check_inflation
from hqnn.errors import UserError, plain

DAMAGE = (zipfile.BadZipFile, tarfile.TarError, EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip or tar archive; its files get no rights but to be read, written and, of tar, run.

    Args:
        archive: the file, of either format, compressed or not.
        folder: that gets its content.

    Raises:
        UserError: it is neither, is damaged, a member would lie outside of the folder or is neither file, folder nor
            link, or it would become too much, see `check_inflation`.
    """
    try:
        if zipfile.is_zipfile(archive):
            _unzip(archive, folder)
        elif tarfile.is_tarfile(archive):
            with tarfile.open(archive) as file:
                file.extractall(folder, filter=_watched(archive))  # noqa: S202 (Python's filter of data, within)
                while file.fileobj and file.fileobj.read(1 << 20):
                    pass  # gzip's checksum lies behind what tar reads
        else:
            raise UserError(f"{archive} is neither a zip nor a tar archive; remove it and download it again")
    except tarfile.SpecialFileError as error:
        raise UserError(
            f"{archive} holds {error.tarinfo.name!r}, a device or a pipe; do not trust this archive"
        ) from error
    except tarfile.FilterError as error:
        raise _climbs_out(archive, error.tarinfo.name) from error
    except DAMAGE as error:
        raise UserError(f"{archive} is damaged ({plain(error)}); remove it and download it again") from error


def _watched(archive: Path) -> Callable[[tarfile.TarInfo, str], tarfile.TarInfo]:
    """Python's filter of members that are data, which counts what they become."""
    become = 0

    def watched(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo:
        nonlocal become
        become += member.size
        check_inflation(archive, become)
        return tarfile.data_filter(member, folder)

    return watched


def _unzip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as file:
        check_inflation(archive, sum(member.file_size for member in file.infolist()))
        for member in file.infolist():
            if _leaves(member.filename):
                raise _climbs_out(archive, member.filename)
        file.extractall(folder)  # noqa: S202 (every name was looked at)


def _leaves(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in name.split("/")[0]


def _climbs_out(archive: Path, name: str) -> UserError:
    return UserError(f"{archive} holds {name!r}, which would lie outside of the folder; do not trust this archive")
