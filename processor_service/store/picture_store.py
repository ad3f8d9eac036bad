"""Puts pictures into the store and gets them back, checked by their SHA-256."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import obstore

from ..errors import ImageError, too_large
from .addresses import TRASH, sha256_of
from .deadlines import Deadlines
from .folder import Folder
from .objects import Objects
from .refusals import MissingObject, damaged, missing, refusal

_PROBES = "probes/"
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
        self._folder = None if folder is None else Folder(folder)
        self._store, self._objects = store, Objects(store, self._folder)
        self._deadlines = Deadlines(timeout)
        # Whether the last call worked; None before the first.
        self.works: bool | None = None

    def check_folder(self) -> None:
        """Raise ImageError when the folder of the store is not there, or is not its folder."""
        if self._folder is not None:
            self._folder.check()

    def put(self, key: str, data: bytes | memoryview, until: float | None = None) -> bool:
        """Put bytes at their address, unless they are there already; says whether they are new.

        When it returns, they are there to stay: in a folder they are on the disk. What was damaged is mended.
        """
        if (folder := self._folder) is not None:
            return self._told(lambda: self._deadlines.run_in_thread(lambda: folder.put(key, data), until), until)
        return self._run(lambda: self._objects.put(key, data), until)

    def get(
        self,
        key: str,
        most: int | None,
        until: float | None = None,
        holds: Callable[[int], None] = lambda size: None,
    ) -> bytes:
        """The bytes at an address, when they are what it says; `most`: how many there may be, None for any number.

        `holds` is told how many they are before they are read, and may refuse them with an ImageError.

        Raises ImageError `stored_picture_missing`, `stored_picture_damaged`, or `image_too_large` for more than `most`.
        """
        expected = sha256_of(key)
        # Ours, not the store's: it works.
        refusals: list[ImageError] = []

        def takes(size: int) -> bool:
            try:
                if most is not None and size > most:
                    raise too_large(most)
                holds(size)
            except ImageError as error:
                refusals.append(error)
            return not refusals

        try:
            data = self._run(lambda: self._objects.get(key, takes), until)
        except MissingObject as error:
            raise missing(key) from error
        if data is None:
            raise refusals[0]
        if hashlib.sha256(data).hexdigest() != expected:
            raise damaged(key)
        return data

    def head(self, key: str, until: float | None = None) -> StoredObject:
        """What the store says of an object. Raises ImageError `stored_picture_missing`."""
        try:
            return _object(self._run(lambda: self._objects.head(key), until))
        except MissingObject as error:
            raise missing(key) from error

    def list(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        """The objects in the folder `prefix`; only those whose keys come `after` this one, where there is one."""
        try:
            for chunk in obstore.list(self._store, prefix=prefix, offset=after or None):
                yield from map(_object, chunk)
        except Exception as error:
            raise refusal(error) from error

    def unfinished(self) -> tuple[StoredObject, ...]:
        """What writers have begun, and not put in its place: in a folder, as nothing else shows such files."""
        found = self._folder.unfinished() if self._folder is not None else ()
        return tuple(
            StoredObject(name, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC)) for name, stat in found
        )

    def delete_unfinished(self, name: str) -> None:
        """Delete one of those."""
        if self._folder is not None:
            self._folder.delete_unfinished(name)

    def delete(self, key: str, until: float | None = None) -> None:
        """Delete an object, if it is there."""
        try:
            self._run(lambda: self._objects.delete(key), until)
        except MissingObject:
            return

    def move(self, key: str, to: str) -> None:
        """Move an object, if it is there. It is at one of both places at any time, and its time is that of the move."""
        try:
            self._run(lambda: self._objects.copy(key, to), None)
        except MissingObject:
            return
        self.delete(key)

    def put_back(self, key: str) -> bool:
        """Move a picture from the trash, if it is there, to its address `key`; False when it is damaged, and stays.

        What is in its place by now stays if it is sound, whatever the trash has.
        """
        try:
            data = self._run(lambda: self._objects.get_here(TRASH + key), None)
        except MissingObject:
            return True
        if hashlib.sha256(data).hexdigest() == sha256_of(key):
            self.put(key, data)
        elif not self._is_sound(key):
            return False
        self.delete(TRASH + key)
        return True

    def _is_sound(self, key: str) -> bool:
        """Whether the right bytes are in their place."""
        try:
            data = self._run(lambda: self._objects.get_here(key), None)
        except MissingObject:
            return False
        return hashlib.sha256(data).hexdigest() == sha256_of(key)

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
            found = self._run(lambda: self._objects.get(key, lambda size: size == len(data)), None)
        except MissingObject as error:
            raise missing(key) from error
        if found != data:
            raise damaged(key)
        self.delete(key)

    def stop(self) -> None:
        """End its thread."""
        self._deadlines.stop()

    def _run(self, call: Callable[[], Awaitable[T]], until: float | None) -> T:
        return self._told(lambda: self._deadlines.run(call, until), until)

    def _told(self, run: Callable[[], T], until: float | None) -> T:
        """The result of a call; what comes of it says whether the store works."""
        try:
            result = run()
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


def _object(meta: Any) -> StoredObject:
    return StoredObject(meta["path"], meta["size"], meta["last_modified"])
