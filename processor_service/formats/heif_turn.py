"""Whether a HEIF is turned by a quarter. Its decoder turns it, and says how large it is then."""

from __future__ import annotations

from .item_properties import of_primary


def is_quarter_turned(data: bytes) -> bool:
    """Whether the primary picture has a turn by 90 or 270 degrees (`irot`, ISO 23008-12, 6.5.10); False if broken."""
    try:
        return any(data[one.start] % 2 for one in of_primary(data) if one.name == b"irot")
    except (ValueError, IndexError):
        return False
