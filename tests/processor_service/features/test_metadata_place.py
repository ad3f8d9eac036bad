"""Where a picture was taken: from EXIF and XMP, exact or rounded, and when there is no place."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from processor_service.features.metadata.place import coarse
from tests.helpers.metadata_files import ASCII, DOUBLE, RATIONAL, SRATIONAL, place, tiff, xmp
from tests.helpers.read_metadata import read


def found(gps: dict[int, Any] | None = None, packet: bytes = b"") -> tuple[float, float] | None:
    location = read(tiff({}, None, gps), packet, location="full").get("location")
    return location and (location["lat"], location["lon"])


def rational(*parts: float) -> tuple[int, list[tuple[int, int]]]:
    return RATIONAL, [(round(part * 10_000), 10_000) for part in parts]


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({}, (48.5, 2.25)),
        ({"tag1": "S", "tag3": "W"}, (-48.5, -2.25)),
        ({"tag1": "s", "tag3": "w"}, (-48.5, -2.25)),
        ({"tag1": "South", "tag3": " west"}, (-48.5, -2.25)),
        ({"tag1": (ASCII, b"S"), "tag3": (ASCII, b"W")}, (-48.5, -2.25)),
        ({"tag2": rational(48.5)}, (48.5, 2.25)),
        ({"tag2": rational(48.5, 0, 0)}, (48.5, 2.25)),
        ({"tag2": rational(48, 30.6)}, (48.51, 2.25)),
        ({"tag2": rational(48, 30, 36)}, (48.51, 2.25)),
        ({"tag2": (DOUBLE, [48.5])}, (48.5, 2.25)),
        ({"tag2": (DOUBLE, [48.0, 30.0, 36.0])}, (48.51, 2.25)),
        ({"tag2": "48.5"}, (48.5, 2.25)),
        ({"tag2": "48,30.6"}, (48.51, 2.25)),
        # What is not known of minutes and seconds does not make the degrees unknown.
        ({"tag2": (RATIONAL, [(48, 1), (30, 1), (0, 0)])}, (48.5, 2.25)),
        ({"tag2": (RATIONAL, [(48, 1), (0, 0), (0, 0)])}, (48.0, 2.25)),
        ({"tag2": (RATIONAL, [(0, 0), (0, 0), (0, 0)])}, None),
        ({"tag2": (RATIONAL, [(48, 0), (30, 1), (0, 1)])}, None),
        ({"tag2": (RATIONAL, [(48, 1), (30, 0), (0, 1)])}, None),
        ({"tag2": (RATIONAL, [(0, 0), (30, 1), (0, 1)])}, None),
        # A sign says what a missing letter does not, and must not contradict one.
        ({"tag1": "", "tag2": (SRATIONAL, [(-97, 2)])}, (-48.5, 2.25)),
        ({"tag1": "S", "tag2": (SRATIONAL, [(-97, 2)])}, (-48.5, 2.25)),
        ({"tag1": "N", "tag2": (SRATIONAL, [(-97, 2)])}, None),
        ({"tag1": ""}, None),
        ({"tag3": ""}, None),
        ({"tag1": "E"}, None),
        ({"tag1": "X"}, None),
        ({"tag2": rational(90.1)}, None),
        ({"tag4": rational(180.1)}, None),
        ({"tag2": "somewhere"}, None),
        ({"tag2": rational(0), "tag4": rational(0)}, None),
    ],
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_places_of_exif(changed: dict[str, Any], wanted: tuple[float, float] | None, order: str) -> None:
    location = read(tiff({}, None, place(**changed), order=order), location="full").get("location")
    assert location == (None if wanted is None else {"lat": wanted[0], "lon": wanted[1]})


def test_where_the_way_leads_to_is_not_where_the_picture_was_taken() -> None:
    """GPSDestLatitude and the like (tags 0x13 to 0x16)."""
    assert found({tag + 0x12: value for tag, value in place().items()}) is None
    assert found(place() | {tag + 0x12: value for tag, value in place(10, 20).items()}) == (48.5, 2.25)
    assert found(packet=xmp("", 'exif:GPSDestLatitude="48,30N" exif:GPSDestLongitude="2,15E"')) is None
    shown = (
        "<Iptc4xmpExt:LocationShown><rdf:Bag><rdf:li><rdf:Description exif:GPSLatitude='48,30N'"
        " exif:GPSLongitude='2,15E'/></rdf:li></rdf:Bag></Iptc4xmpExt:LocationShown>"
    )
    assert found(packet=xmp(shown)) is None


@pytest.mark.parametrize(
    ("latitude", "longitude", "wanted"),
    [
        ("48,30.6N", "2,15E", (48.51, 2.25)),
        ("48,30,36N", "2,15,0E", (48.51, 2.25)),
        ("48,30.6s", "2,15.0w", (-48.51, -2.25)),
        ("48.51", "2.25", (48.51, 2.25)),
        ("-48.51", "-2.25", (-48.51, -2.25)),
        ("+48.51", "-0.5", (48.51, -0.5)),
        ("-0,30", "2", (-0.5, 2.0)),
        ("48.51N", "2.25W", (48.51, -2.25)),
        ("N48.51", "W 2.25", (48.51, -2.25)),
        ("48\u00b0 30' 36.00&quot; N", "2\u00b015'0&quot;W", (48.51, -2.25)),
        ("48 deg 30' 36.00&quot; S", "2 deg 15' 0.00&quot; W", (-48.51, -2.25)),
        ("48 30 36 N", "2 15 0 E", (48.51, 2.25)),
        ("48,61N", "2,15E", None),
        ("91,0N", "2,15E", None),
        ("48,30N", "181,0E", None),
        ("48,30E", "2,15N", None),
        ("-48,30N", "2,15E", None),
        ("0", "0", None),
        ("48,30N", "", None),
        ("48,30N and more", "2,15E", None),
        ("\u0664\u0668", "2", None),
        ("1e9", "2", None),
        ("NaN", "2", None),
    ],
)
def test_places_of_xmp_alone(latitude: str, longitude: str, wanted: tuple[float, float] | None) -> None:
    assert found(packet=xmp("", f'exif:GPSLatitude="{latitude}" exif:GPSLongitude="{longitude}"')) == wanted
    elements = f"<exif:GPSLatitude>{latitude}</exif:GPSLatitude><exif:GPSLongitude>{longitude}</exif:GPSLongitude>"
    assert found(packet=xmp(elements)) == wanted


MADE_AT = [
    "<Iptc4xmpExt:LocationCreated><rdf:Bag><rdf:li><rdf:Description exif:GPSLatitude='48,30N' exif:GPSLongitude='2,15E'"
    " /></rdf:li></rdf:Bag></Iptc4xmpExt:LocationCreated>",
    "<Iptc4xmpExt:LocationCreated><rdf:Bag><rdf:li rdf:parseType='Resource'><exif:GPSLatitude>48,30N</exif:GPSLatitude>"
    "<exif:GPSLongitude>2,15E</exif:GPSLongitude></rdf:li></rdf:Bag></Iptc4xmpExt:LocationCreated>",
    "<Iptc4xmpExt:LocationCreated rdf:parseType='Resource'><exif:GPSLatitude>48,30N</exif:GPSLatitude>"
    "<exif:GPSLongitude>2,15E</exif:GPSLongitude></Iptc4xmpExt:LocationCreated>",
]


@pytest.mark.parametrize("structure", MADE_AT)
def test_where_iptc_says_that_a_picture_was_made_is_where_it_was_taken(structure: str) -> None:
    assert found(packet=xmp(structure)) == (48.5, 2.25)
    # What is said of the picture itself comes first.
    assert found(packet=xmp(structure, 'exif:GPSLatitude="10,0N" exif:GPSLongitude="20,0E"')) == (10.0, 20.0)
    assert found(packet=xmp(structure.replace("exif:GPSLongitude", "exif:GPSAltitude"))) is None


def test_letters_of_xmp_in_properties_of_their_own() -> None:
    named = 'exif:GPSLatitude="48.5" exif:GPSLatitudeRef="S" exif:GPSLongitude="2.25" exif:GPSLongitudeRef="West"'
    assert found(packet=xmp("", named)) == (-48.5, -2.25)


def test_a_place_is_of_exif_or_of_xmp_never_half_of_each() -> None:
    packet = xmp("", 'exif:GPSLatitude="10,0N" exif:GPSLongitude="20,0E"')
    assert found(place(), packet) == (48.5, 2.25)
    assert found({1: "N", 2: rational(48)}, packet) == (10.0, 20.0)
    assert found({1: "N", 2: rational(48)}, xmp("", 'exif:GPSLongitude="20,0E"')) is None


def test_a_place_of_xmp_is_told_as_roughly_as_one_of_exif() -> None:
    packet = xmp("", 'exif:GPSLatitude="48,51.5N" exif:GPSLongitude="2,21.1E"')
    assert "location" not in read(xmp=packet)
    told = read(xmp=packet, location="coarse")["location"]
    latitude, longitude = coarse(48 + 51.5 / 60, 2 + 21.1 / 60, 10)
    assert (told["lat"], told["lon"]) == pytest.approx((latitude, longitude), abs=1e-6)
    assert (told["lat"], told["lon"]) != pytest.approx((48 + 51.5 / 60, 2 + 21.1 / 60), abs=1e-3)


latitudes, longitudes, kilometres = st.floats(-90, 90), st.floats(-180, 180), st.floats(1, 1000)


@given(latitudes, longitudes, kilometres)
@example(90.0, 180.0, 1000.0)
@example(-89.99, 179.9999, 1.0)
@example(52.52, 13.405, 10.0)
def test_a_coarse_place_is_near_and_on_the_grid(latitude: float, longitude: float, km: float) -> None:
    lat, lon = coarse(latitude, longitude, km)
    assert -90 <= lat <= 90 and -180 <= lon <= 180
    # Half a cell down and half a cell (a whole one at most, where the last is wider) across.
    assert distance(latitude, longitude, lat, lon) <= 1.3 * km
    # All that can be told from the result is the cell: another place that gives it is as likely.
    assert coarse(lat, lon, km) == pytest.approx((lat, lon)) or lon == -180


def test_longitude_is_rounded_by_the_length_of_its_degree() -> None:
    places = {round(coarse(60, x / 1000, 10)[1], 6) for x in range(0, 10_000)}
    # At 60 degrees north ten degrees are 556 km, not 1112.
    assert len(places) == pytest.approx(56, abs=1.5)


def distance(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Kilometres along the great circle (haversine)."""
    one, other, across = math.radians(lat1), math.radians(lat2), math.radians(lon2 - lon1)
    h = math.sin((other - one) / 2) ** 2 + math.cos(one) * math.cos(other) * math.sin(across / 2) ** 2
    return 2 * 6371.0088 * math.asin(min(1, math.sqrt(h)))
