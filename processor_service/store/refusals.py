"""Says what went wrong with the store, in our words: its own may hold addresses with keys, or pages of XML."""

from __future__ import annotations

import errno
import re

from ..errors import Code, ImageError

_ACCESS = ("PermissionDeniedError", "UnauthenticatedError", "PermissionError")
_QUERY = re.compile(r"\?\S*")
_FULL = ("os error 28", "os error 122", "InsufficientStorage", "QuotaExceeded")
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound")
_MOST_SHOWN = 300


class MissingObject(Exception):
    """There is nothing at an address."""


def off() -> ImageError:
    """The refusal of a request for a store that this service does not have."""
    return ImageError(
        Code.STORE_OFF, "the pipeline says store [external], and this service has no store: set IMAGE_STORE_URL"
    )


def late(seconds: float, most: float) -> ImageError:
    """The store took longer than it may (`most`), or than the client waits; 0: nobody asked it."""
    if seconds <= 0:
        return unavailable("the client waits no longer, so the store was not asked")
    why = "IMAGE_STORE_TIMEOUT" if seconds >= most else "the client waits no longer"
    return unavailable(f"the store did not answer in {seconds:.1f} s ({why})")


def unavailable(reason: str) -> ImageError:
    """The store does not do its work. Everything about it is worth another try, also after somebody has mended it."""
    return ImageError(Code.STORE_UNAVAILABLE, reason)


def refusal(error: BaseException) -> ImageError:
    """What an error of the library means."""
    text = str(error)
    if type(error).__name__ in _ACCESS or "os error 13" in text or "Read-only file system" in text:
        return unavailable("the store refuses access: does the key that the service has allow reading and writing?")
    if any(sign in text for sign in _FULL) or (isinstance(error, OSError) and error.errno in _NO_SPACE):
        return unavailable("the store is full")
    if lacks_bucket(error):
        return unavailable("there is no such bucket or container as IMAGE_STORE_URL names")
    return unavailable("the store cannot be reached, or answers with an error; the service's log has more")


def lacks_bucket(error: BaseException) -> bool:
    """Whether the store says that there is no such bucket; the library takes that for an object that is missing."""
    return any(sign in str(error) for sign in _NO_BUCKET)


def detail(error: BaseException) -> str:
    """The first line of an error for the log, without query strings, which may hold a signature, and without XML."""
    line = (str(error).splitlines() or [""])[0].partition("<")[0]
    return f"{type(error).__name__}: {_QUERY.sub('', line)[:_MOST_SHOWN]}"


def missing(key: str) -> ImageError:
    """The document names a picture that is not in the store."""
    return ImageError(Code.STORED_PICTURE_MISSING, f"the store has nothing at {key}")


def damaged(key: str) -> ImageError:
    """What is in the store is not what its address says."""
    return ImageError(Code.STORED_PICTURE_DAMAGED, f"the bytes that the store has at {key} do not match its SHA-256")
