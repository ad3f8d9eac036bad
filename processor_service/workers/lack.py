"""Whether anything is recognized here."""

from __future__ import annotations

from ..recognition import identity, missing
from ..settings import Settings


def lack(settings: Settings) -> str | None:
    """Why nothing is recognized here, and what to do about it; None when it is."""
    if settings.recognizers == 0:
        return "IMAGE_RECOGNIZERS is 0: set it to 1 or more"
    return missing()


def identity_lack(settings: Settings) -> str | None:
    """Why it is not told here whose faces they are, and what to do about it; None when it is."""
    return lack(settings) or identity.missing()


def number(settings: Settings) -> int:
    """How many recognizers there are to be."""
    if lack(settings):
        return 0
    return 1 if settings.recognizers is None else settings.recognizers
