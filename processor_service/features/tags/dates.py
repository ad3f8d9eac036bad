"""Dates from tags to ISO 8601."""

from __future__ import annotations

import re
from datetime import datetime

# Before photography there is no day on which a picture was taken; clocks that were never set say 0000.
_FIRST_YEAR = 1800
_DATE = re.compile(
    r"(\d{4})[:\-./]?(\d\d)[:\-./]?(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d)(?:\.(\d+))?)?\s*(\S+)?)?$", re.ASCII
)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)$", re.ASCII)


def iso_date(text: str | None, offset: str | None = None, subsecond: str | None = None) -> str | None:
    """`2003:12:14 12:01:44` and the like as `2003-12-14T12:01:44+01:00`; None for what is no date.

    Without an offset it is the camera's local time, and none is made up.
    """
    match = _DATE.match((text or "").strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, own_offset = match.groups()
    try:
        date = datetime(*(int(part or 0) for part in (year, month, day, hour, minute, second)))  # type: ignore[arg-type]
    except ValueError:
        return None
    if date.year < _FIRST_YEAR:
        return None
    if hour is None:
        return date.date().isoformat()
    digits = re.match(r"[0-9]{1,9}", fraction or (subsecond or "").strip())
    part = f".{digits[0]:0<3.3}" if digits else ""
    return date.isoformat() + part + (_offset(own_offset) or _offset(offset))


def _offset(text: str | None) -> str:
    text = (text or "").strip()
    if text.upper() == "Z":
        return "Z"
    match = _OFFSET.match(text)
    if match is None or int(match[2]) > 14 or int(match[3]) > 59:
        return ""
    return f"{match[1]}{match[2]}:{match[3]}"
