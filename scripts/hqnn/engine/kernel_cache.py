"""Where compiled kernels lie: beside their source, in the cache of the user who may not write there, or nowhere.

Numba takes only a folder that can be written. In a container, or in an installation that belongs to root, it would
compile all kernels again for each user, a minute's work, though they lie there ready; and with a HOME that cannot be
written it would not even start. A folder that NUMBA_CACHE_DIR names is taken alone.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from numba import config
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile, InTreeCacheLocator


class _Installed(InTreeCacheLocator):  # type: ignore[misc]  # Numba has no types
    """Beside the source, whether it can be written or not."""

    def ensure_cache_path(self) -> None:
        """Take the folder as it is."""


class _Places(CompileResultCacheImpl):  # type: ignore[misc]
    """Numba's places, and at last one that may only be read."""

    _locator_classes = (*CompileResultCacheImpl._locator_classes, _Installed)


class KernelCache(FunctionCache):  # type: ignore[misc]
    """Numba's cache of a function's machine code, which reads what was compiled with the installation, too."""

    _impl_class = _Places

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        installed = _Installed(function, function.__code__.co_filename)
        folder, stamp = installed.get_cache_path(), installed.get_source_stamp()
        self._installed = IndexDataCacheFile(folder, self._impl.filename_base, stamp)

    def load_overload(self, signature: Any, context: Any) -> Any:
        """Machine code for a signature on this processor, or None."""
        found = super().load_overload(signature, context)
        if found is None and not config.CACHE_DIR:
            with suppress(OSError):
                data = self._installed.load(self._index_key(signature, context.codegen()))
                found = data and self._impl.rebuild(context, data)
        return found

    def save_overload(self, signature: Any, data: Any) -> None:
        """Keep machine code where there is room for it; without, only the next start takes longer."""
        with suppress(OSError):
            super().save_overload(signature, data)
