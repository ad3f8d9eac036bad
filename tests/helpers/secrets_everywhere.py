"""Every place of every format that a name and a location were written into: format, place, file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from processor_service.formats.registry import FORMATS
from tests.helpers import secrets_in_files as files
from tests.helpers import secrets_in_more_files as more
from tests.helpers import secrets_in_odd_tags as odd_tags
from tests.helpers import secrets_in_profiles as profiles

# What is written there breaks the file for every decoder.
DECODED_BY_NOBODY = ("jpeg, reserved", "webp, in the header", "heif, meta with", "heif, moov with")


def _in_every_module() -> Iterator[tuple[str, str, bytes]]:
    """Those of each module's function that has the name of a format, and of the functions for several formats."""
    for module in (files, more, profiles, odd_tags):
        for name in (one.name for one in FORMATS):
            if make := getattr(module, name, None):
                yield from ((name, where, data) for where, data in make())
    for where, data in (*more.icons(), *more.others()):
        format_, _, place = where.partition(": ")
        yield format_, place, data


@cache
def places() -> list[tuple[str, str, bytes]]:
    """Made when a test runs: each worker reads the file of a test, and one of them runs it."""
    return list(_in_every_module())
