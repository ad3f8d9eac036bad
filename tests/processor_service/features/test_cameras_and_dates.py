"""How cameras are named, and which dates are read."""

from __future__ import annotations

import pytest

from processor_service.features.metadata.camera import camera_name
from processor_service.features.metadata.dates import iso_date


@pytest.mark.parametrize(
    ("make", "model", "name"),
    [
        ("NIKON CORPORATION", "NIKON D750", "NIKON D750"),
        ("Canon", "Canon EOS 5D", "Canon EOS 5D"),
        ("Apple", "iPhone 13 mini", "Apple iPhone 13 mini"),
        ("OLYMPUS IMAGING CORP.", "E-M5", "OLYMPUS E-M5"),
        ("EASTMAN KODAK COMPANY", "KODAK DX4530", "KODAK DX4530"),
        ("SONY", "ILCE-7M3", "SONY ILCE-7M3"),
        ("Hewlett-Packard", None, "Hewlett-Packard"),
        (None, "X100", "X100"),
        (None, None, None),
    ],
)
def test_cameras_are_named_as_people_name_them(make: str | None, model: str | None, name: str | None) -> None:
    assert camera_name(make, model) == name


@pytest.mark.parametrize(
    ("text", "offset", "date"),
    [
        ("2003:12:14 12:01:44", None, "2003-12-14T12:01:44"),
        ("2003:12:14 12:01:44", "+01:00", "2003-12-14T12:01:44+01:00"),
        ("2003:12:14 12:01:44", "+25:00", "2003-12-14T12:01:44"),
        ("2003-12-14T12:01", "Z", "2003-12-14T12:01:00Z"),
        ("20100510 100401+0200", None, "2010-05-10T10:04:01+02:00"),
        ("20100510", None, "2010-05-10"),
        ("1978", None, "1978"),
        ("1978", "+01:00", "1978"),
        ("1978-05", None, "1978-05"),
        ("1978:05", None, "1978-05"),
        ("19780000", None, "1978"),
        ("19780500", None, "1978-05"),
        ("19780500 000000+0000", None, "1978-05"),
        ("1978:00:00 00:00:00", None, "1978"),
        ("1978-00-12", None, "1978"),
        ("2003:12:  ", None, "2003-12"),
        ("2003:  :     :  :  ", "+01:00", "2003"),
        ("2003:12:14   :  :  ", "+01:00", "2003-12-14"),
        ("2003:12:14 25:61:00", "+01:00", "2003-12-14"),
        ("2003-1-5T9:05:00", None, "2003-01-05T09:05:00"),
        ("2003:12:14 24:00:00", None, "2003-12-15T00:00:00"),
        ("2003:12:31 24:00", "-03:30", "2004-01-01T00:00:00-03:30"),
        ("2003:12:14 24:00:01", None, "2003-12-14"),
        ("9999-12-31T24:00:00", None, "9999-12-31"),
        ("2016-12-31T23:59:60Z", None, "2016-12-31T23:59:59Z"),
        ("2003-12-14T12:01:44.123456789-03:30", None, "2003-12-14T12:01:44.123-03:30"),
        ("2003-12-14T12:01:44,5Z", None, "2003-12-14T12:01:44.500Z"),
        ("2003-12-14T12:01:44+5:45", None, "2003-12-14T12:01:44+05:45"),
        ("2003-12-14T12:01:44+0545", None, "2003-12-14T12:01:44+05:45"),
        ("2003-12-14T12:01:44-12:00", None, "2003-12-14T12:01:44-12:00"),
        ("2003-12-14T12:01:44+05", None, "2003-12-14T12:01:44+05:00"),
        ("2003-12-14T12:01:44+99:99", None, "2003-12-14T12:01:44"),
        ("2003-12-14T12:01:44 UTC", None, "2003-12-14T12:01:44Z"),
        ("Sun, 14 Dec 2003 12:01:44 GMT", None, "2003-12-14T12:01:44+00:00"),
        ("14 Dec 2003 12:01:44 -0330", None, "2003-12-14T12:01:44-03:30"),
        ("2003-12-14T12:01:44\0\0", None, "2003-12-14T12:01:44"),
        ("1978-13", None, None),
        ("1978-00-32", None, "1978"),
        ("2019 was a good year", None, None),
        ("20191", None, None),
        ("78", None, None),
        ("0000:00:00 00:00:00", None, None),
        ("2003:02:30 12:01:44", None, None),
        ("0001:01:01 00:00:00", None, None),
        ("    :  :     :  :  ", None, None),
        ("٢٠٠٣:12:14 12:01:44", None, None),
        ("yesterday", None, None),
        (None, "+01:00", None),
    ],
)
def test_dates(text: str | None, offset: str | None, date: str | None) -> None:
    assert iso_date(text, offset) == date
