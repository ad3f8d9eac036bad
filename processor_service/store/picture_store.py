"""Puts pictures into the store and gets them back, checked by their SHA-256."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError

from ..errors import ImageError, too_large
from .addresses import TRASH, mime_type_of, sha256_of
from .deadlines import Deadlines
from .refusals import MissingObject, damaged, missing, refusal, unavailable

_PROBES = "probes/"
_MARKER = ".ingest-image-store"
# How often a picture is put that somebody removes at once.
_TRIES = 5
T = TypeVar("T")


@dataclass(frozen=True)
class StoredObject:
    """An object in the store: its key, its size in bytes, and when it was written."""

    key: str
    size: int
    modified: datetime


class PictureStore:
    """Pictures in a store of the library; `folder` is where it is on this machine, None when it is elsewhere.

    Each call takes up to `timeout` seconds, and ends `until` (of time.monotonic()). All raise ImageError
    `store_unavailable` when the store does not do what it should.
    """

    def __init__(self, store: Any, timeout: float, folder: Path | None = None) -> None:
        self._store, self._folder = store, folder
        if folder is not None:
            _mark(folder)
        self._deadlines = Deadlines(timeout)
        # Whether the last call worked; None before the first.
        self.works: bool | None = None

    def put(self, key: str, data: bytes | memoryview, until: float | None = None) -> bool:
        """Put bytes at their address, unless they are there already; says whether they are new.

        When it returns, they are there to stay: in a folder they are on the disk.
        """
        return self._run(lambda: self._put(key, data), until)

    def get(self, key: str, most: int, until: float | None = None) -> bytes:
        """The bytes at an address, when they are what it says.

        Raises ImageError `stored_picture_missing`, `stored_picture_damaged`, or `image_too_large` for more than `most`.
        """
        expected = sha256_of(key)
        try:
            data = self._run(lambda: self._get(key, most), until)
        except MissingObject as error:
            raise missing(key) from error
        if data is None:
            raise too_large(most)
        if hashlib.sha256(data).hexdigest() != expected:
            raise damaged(key)
        return data

    def head(self, key: str, until: float | None = None) -> StoredObject:
        """What the store says of an object. Raises ImageError `stored_picture_missing`."""
        try:
            return _object(self._run(lambda: self._head(key), until))
        except MissingObject as error:
            raise missing(key) from error

    def list(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        """The objects in the folder `prefix`; only those whose keys come `after` this one, where there is one."""
        try:
            for chunk in obstore.list(self._store, prefix=prefix, offset=after or None):
                yield from map(_object, chunk)
        except Exception as error:
            raise refusal(error) from error

    def delete(self, key: str, until: float | None = None) -> None:
        """Delete an object, if it is there."""
        try:
            self._run(lambda: obstore.delete_async(self._store, key), until)
        except MissingObject:
            return

    def copy(self, key: str, to: str) -> None:
        """Copy an object within the store. Raises MissingObject."""
        self._run(lambda: obstore.copy_async(self._store, key, to), None)

    def signed_url(self, key: str, seconds: int) -> str | None:
        """An address at which anybody can read an object for some time; None when the store gives none."""
        try:
            return obstore.sign(self._store, "GET", key, timedelta(seconds=seconds))
        except Exception:
            # Folders have none, and some kinds of keys cannot sign.
            return None

    def check(self) -> None:
        """Write, read and delete a small object. Raises ImageError when that does not work."""
        key, data = f"{_PROBES}{secrets.token_hex(8)}", secrets.token_bytes(64)
        self.put(key, data)
        try:
            found = self._run(lambda: self._get(key, len(data)), None)
        except MissingObject as error:
            raise missing(key) from error
        if found != data:
            raise damaged(key)
        self.delete(key)

    def stop(self) -> None:
        """End its thread."""
        self._deadlines.stop()

    def _run(self, call: Callable[[], Awaitable[T]], until: float | None) -> T:
        try:
            result = self._deadlines.run(call, until)
        except MissingObject:
            self.works = True
            raise
        except ImageError:
            # A client that does not wait long says nothing about the store.
            if until is None or time.monotonic() < until:
                self.works = False
            raise
        self.works = True
        return result

    async def _put(self, key: str, data: bytes | memoryview) -> bool:
        for _ in range(_TRIES):
            await self._check_folder()
            new = await self._create(key, data)
            if self._folder is None:
                return new
            try:
                # Also of another writer, who may not have done that yet.
                await asyncio.to_thread(_to_disk, self._folder, key)
                return new
            except FileNotFoundError:
                # It was there, and `store clean` has put it away in this moment.
                continue
        raise unavailable("what is written to the store is removed at once")

    async def _create(self, key: str, data: bytes | memoryview) -> bool:
        """Write an object; False when it is there already."""
        try:
            # A folder has no room for them.
            about = {"Content-Type": mime_type_of(key)} if self._folder is None else None
            await obstore.put_async(self._store, key, data, attributes=about, mode="create", use_multipart=False)
            return True
        except AlreadyExistsError:
            return False

    async def _get(self, key: str, most: int) -> bytes | None:
        found = await self._found(obstore.get_async, key)
        return None if found.meta["size"] > most else bytes(await found.bytes_async())

    async def _head(self, key: str) -> Any:
        return await self._found(obstore.head_async, key)

    async def _found(self, look: Callable[[Any, str], Awaitable[Any]], key: str) -> Any:
        """What is at an address, or in the trash, where `store clean` may have put it a moment too early."""
        for place in (key, TRASH + key):
            try:
                return await look(self._store, place)
            except FileNotFoundError:
                continue
        await self._check_folder()
        # It may have been put back meanwhile.
        return await look(self._store, key)

    async def _check_folder(self) -> None:
        """Raise ImageError when the disk with the folder is gone: the library would make the folder where it was."""
        if self._folder is not None and not await asyncio.to_thread((self._folder / _MARKER).exists):
            raise unavailable("the folder of the store is not there: is its disk mounted?")


def _mark(folder: Path) -> None:
    """Leave a file by which the folder is known."""
    try:
        (folder / _MARKER).touch()
    except OSError:
        # Whoever only reads needs none; whoever writes is told when it is missed.
        return


def _object(meta: Any) -> StoredObject:
    return StoredObject(meta["path"], meta["size"], meta["last_modified"])


def _to_disk(folder: Path, key: str) -> None:
    """Have the file and the folders that lead to it written to the disk; the library leaves that to the system."""
    path = folder / key
    for place in (path, *path.parents):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if place == folder:
            return
