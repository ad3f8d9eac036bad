"""Objects in a store: what calls of the library are made for a picture, in which order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import obstore
import structlog
from obstore.exceptions import AlreadyExistsError

from .addresses import TRASH, mime_type_of
from .folder import Folder
from .refusals import refusal

log = structlog.get_logger("processor_service")


class Objects:
    """Objects in a store of the library; `folder` is where it is on this machine, None when it is elsewhere.

    All raise what the library raises: FileNotFoundError when there is nothing at the address.
    """

    def __init__(self, store: Any, folder: Folder | None) -> None:
        self._store, self._folder = store, folder

    async def put(self, key: str, data: bytes | memoryview) -> bool:
        """Put bytes at their address to stay; says whether they are new. In a folder, its own `put` does that."""
        return await self._create(key, data) or await self._mend(key, data)

    async def get(self, key: str, takes: Callable[[int], bool]) -> bytes | None:
        """The bytes at an address; None when `takes`, which hears first how many they are, does not take them."""
        found = await self._found(obstore.get_async, key)
        return bytes(await found.bytes_async()) if takes(found.meta["size"]) else None

    async def get_here(self, key: str) -> bytes:
        """The bytes at this very key, not those that were put away from there."""
        return bytes(await (await obstore.get_async(self._store, key)).bytes_async())

    async def head(self, key: str) -> Any:
        """What the store says of an object."""
        return await self._found(obstore.head_async, key)

    async def copy(self, key: str, to: str) -> None:
        """Copy an object. The time of the copy is now."""
        if self._folder is not None:
            # There, a copy is another name of the same file, with the time of the first.
            await asyncio.to_thread(self._folder.touch, key)
        await obstore.copy_async(self._store, key, to)
        if self._folder is not None:
            await asyncio.to_thread(self._folder.to_disk, to)

    async def delete(self, key: str) -> None:
        """Delete an object."""
        await obstore.delete_async(self._store, key)

    async def _create(self, key: str, data: bytes | memoryview) -> bool:
        """Write an object; False when there is one already."""
        try:
            await self._write(key, data, "create")
        except AlreadyExistsError:
            return False
        return True

    async def _mend(self, key: str, data: bytes | memoryview) -> bool:
        """Write an object again when there are other bytes in its place; False when they are the same.

        Compared as bytes: a memoryview would be compared one number at a time.
        """
        try:
            found = await obstore.get_async(self._store, key)
            if found.meta["size"] == len(data) and bytes(await found.bytes_async()) == bytes(data):
                return False
            log.warning("store", problem="a damaged picture is written again", stored=key)
        except FileNotFoundError:
            # `store clean` has put it away in this moment.
            pass
        await self._write(key, data, "overwrite")
        return True

    async def _write(self, key: str, data: bytes | memoryview, mode: Literal["create", "overwrite"]) -> None:
        about = {"Content-Type": mime_type_of(key)}
        try:
            await obstore.put_async(self._store, key, data, attributes=about, mode=mode, use_multipart=False)
        except FileNotFoundError as error:
            # What is missing is the bucket.
            raise refusal(error) from error

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
        if self._folder is not None:
            await asyncio.to_thread(self._folder.check)
