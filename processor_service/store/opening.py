"""Opens the store that `IMAGE_STORE_URL` names. Keys and everything else about it come from the environment.

The library reads what the tools of each cloud read: `AWS_...`, `GOOGLE_...`, `AZURE_...` (docs/store.md).
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from ..extras import installing
from .folder import begin

if TYPE_CHECKING:
    from .picture_store import PictureStore

EXTRA = "store"
# What bounds a call is its deadline (deadlines.py).
_RETRIES: dict[str, Any] = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}


class StoreError(Exception):
    """The store cannot be opened; the message says what to do."""


def open_store(url: str, timeout: float) -> PictureStore:
    """The store at a URL, or in a folder that `begin_store` has seen. `timeout`: seconds for each call.

    Raises StoreError.
    """
    store = library_store(url)
    from .picture_store import PictureStore

    return PictureStore(store, timeout, folder_of(url))


def begin_store(url: str) -> None:
    """Make the folder that a URL names a store, if it exists; nothing is done to a store of another kind."""
    if (path := folder_of(url)) is not None and path.is_absolute():
        begin(path)


def library_store(url: str) -> Any:
    """What the library calls a store; it does nothing yet. Raises StoreError."""
    try:
        from obstore.store import LocalStore, MemoryStore, from_url
    except ImportError as error:
        raise StoreError(f"IMAGE_STORE_URL needs the extra [{EXTRA}]: {installing(EXTRA)}") from error
    if (folder := folder_of(url)) is not None:
        # It is not made: on a disk that is not mounted, pictures would go somewhere else.
        if not folder.is_absolute() or not folder.is_dir():
            raise StoreError(f"IMAGE_STORE_URL names the folder {folder}, which does not exist: give the full path")
        return LocalStore(folder)
    if url.startswith("memory:"):
        return MemoryStore()
    try:
        return from_url(url, retry_config=_RETRIES)  # type: ignore[call-overload]
    except Exception as error:
        # The text may quote what is in the environment.
        raise StoreError(
            f"IMAGE_STORE_URL cannot be opened ({type(error).__name__}); valid are a folder, s3://bucket/prefix, "
            "gs://bucket/prefix, az://container/prefix; keys come from AWS_..., GOOGLE_..., AZURE_... (docs/store.md)"
        ) from error


def folder_of(url: str) -> Path | None:
    """The folder that a URL or a path names; None for a store of another kind."""
    parts = urlsplit(url)
    if parts.scheme not in ("", "file"):
        return None
    return Path(unquote(parts.path) if parts.scheme else url)
