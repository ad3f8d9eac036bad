"""Turns dates from tags into ISO 8601, no more exact than they were written."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from email.utils import parsedate_tz

# Before photography no picture was taken. Clocks that were never set say 0000.
_FIRST_YEAR = 1800
# A year, a year and month, or a day; with any separators, or none.
_DATE = re.compile(
    r"(\d{4})(?:[:\-./](\d{1,2})(?:[:\-./](\d{1,2}))?|(\d\d)(\d\d)?)?(?:[T ]\s*(?P<time>[\d:].*))?$", re.ASCII
)
_TIME = re.compile(r"(\d{1,2}):?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?\s*(\S+)?$", re.ASCII)
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d\d?):?(\d\d)?$", re.ASCII | re.IGNORECASE)
# EXIF has blanks for an unknown part: `2003:12: ` and ` : : : : `.
_BLANK_END = re.compile(r"[\s:]+$")
_MOST_HOURS_OFFSET = 14


def iso_date(text: str | None, offset: str | None = None, subsecond: str | None = None) -> str | None:
    """`2003:12:14 12:01:44` and the like as `2003-12-14T12:01:44+01:00`; None for what is no date.

    A year or a month stays one: `1978`, `1978-05`. Without an offset it is the camera's local time; no offset is made
    up. If the time is broken, the day is returned.
    """
    text = _BLANK_END.sub("", (text or "").strip()[:100])
    match = _DATE.match(text)
    if match is None:
        return _mail_date(text)
    year, month, day = match[1], int(match[2] or match[4] or 0), int(match[3] or match[5] or 0)
    if int(year) < _FIRST_YEAR:
        return None
    if not month or not day:
        return None if month > 12 else f"{year}-{month:02}" if month else year
    try:
        date = datetime(int(year), month, day)
    except ValueError:
        return None
    return _with_time(date, match["time"], offset, subsecond) or date.date().isoformat()


def _with_time(date: datetime, text: str | None, offset: str | None, subsecond: str | None) -> str | None:
    match = _TIME.match(text or "")
    if match is None:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    digits = re.match(r"[0-9]{1,9}", match[4] or (subsecond or "").strip())
    # 24:00 is the beginning of the next day. A leap second becomes the last second of its minute.
    midnight = hour == 24 and minute == second == 0
    try:
        date = date.replace(hour=0 if midnight else hour, minute=minute, second=59 if second == 60 else second)
        date += timedelta(days=midnight)
    except (ValueError, OverflowError):
        return None
    part = f".{digits[0]:0<3.3}" if digits else ""
    return date.isoformat() + part + (_offset(match[5]) or _offset(offset))


def _offset(text: str | None) -> str:
    text = (text or "").strip()
    if text.upper() in ("Z", "UTC", "GMT"):
        return "Z"
    match = _OFFSET.match(text)
    if match is None or int(match[2]) > _MOST_HOURS_OFFSET or int(match[3] or 0) > 59:
        return ""
    return f"{match[1]}{match[2]:0>2}:{match[3] or '00'}"


def _mail_date(text: str) -> str | None:
    """`Mon, 06 May 2019 07:08:09 +0200`, which the PNG specification recommends (RFC 1123)."""
    try:
        parts = parsedate_tz(text) if re.search(r"[A-Za-z]{3}", text) else None
        date = datetime(*parts[:6]) if parts else None
    except (ValueError, TypeError, IndexError):
        return None
    if parts is None or date is None or date.year < _FIRST_YEAR:
        return None
    if parts[9] is None:
        return date.isoformat()
    hours, minutes = divmod(abs(parts[9]) // 60, 60)
    return date.isoformat() + _offset(f"{'-' if parts[9] < 0 else '+'}{hours:02}:{minutes:02}")
