"""What `redact` hides is gone, in each frame, and nothing else is changed."""

from __future__ import annotations

from base64 import b64decode
from functools import cache
from typing import Any

import numpy as np
import pytest
from PIL import Image

from processor_service.document import what_stays
from processor_service.errors import Code, ImageError
from processor_service.features import all_features
from processor_service.operations import redact as module
from processor_service.pipeline import process
from processor_service.pixels.scaling import shrunk
from processor_service.recognition.box import Box
from processor_service.recognition.faces import Face, faces
from processor_service.recognition.plate_text import normal
from processor_service.recognition.text import look
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.recipe import parse_recipe
from processor_service.wire.request import Request
from tests.helpers.drawn import page, plate
from tests.helpers.pictures import b64, encoded, opened, picture

FACE = opened(picture("skimage/astronaut.png")).convert("RGB")
# Where the size does not matter: detectors take a quarter of the time.
SMALL = FACE.resize((256, 256), Image.Resampling.LANCZOS)
REDACT = {"redact": {"what": ["faces"]}}
PNG = {"convert": {"format": "png"}}


def run(data: bytes, *operations: dict[str, Any], **more: Any) -> dict[str, Any]:
    request = Request.parse({"data": b64(data), "operations": [*operations, PNG], "properties": [], **more})
    return process(request, Settings(), Stopwatch())


@cache
def place() -> Box:
    """Where the face is."""
    (face,) = faces(FACE)
    return face.box


def seen_again(image: Image.Image) -> list[Face]:
    return [one for one in faces(image.convert("RGB"), 0.25) if one.box.common(place())]


@pytest.mark.parametrize("how", ["pixelate", "blur", "fill"])
def test_no_face_is_found_at_half_the_threshold_in_whatever_size(how: str) -> None:
    stored = opened(run(encoded(FACE), {"redact": {"what": ["faces"], "how": how}})["data"])
    for side in (512, 384, 256, 128):
        assert seen_again(stored.resize((side, side))) == []


def test_a_face_that_fills_the_picture_is_hidden() -> None:
    near = FACE.crop(place().grown(-0.25).pixels(FACE.size)).resize((720, 960), Image.Resampling.LANCZOS)
    sides = (96, 128, 512, 960)
    assert any(faces(shrunk(near, side), 0.25) for side in sides)
    stored = opened(run(encoded(near), REDACT)["data"]).convert("RGB")
    assert not any(faces(shrunk(stored, side), 0.25) for side in sides)


def test_a_picture_that_is_still_to_be_turned_is_turned_and_hidden() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(FACE.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=95, exif=exif)
    fields = run(data, REDACT)
    assert fields["redacted"] == {"faces": 1}
    assert seen_again(opened(fields["data"])) == []


def test_what_a_document_asks_for_comes_afterwards_and_cannot_keep_a_face_from_being_found() -> None:
    dim = {"blur": {"radius": 20}}
    assert run(encoded(SMALL), dim, REDACT)["redacted"] == {"faces": 0}
    assert run(encoded(SMALL), REDACT, document_operations=[dim])["redacted"] == {"faces": 1}


def test_every_frame_of_an_animation_is_hidden_also_where_the_face_moves() -> None:
    frames = [FACE.resize((256, 256)), Image.new("RGB", (256, 256), "gray"), FACE.resize((256, 256)).rotate(5)]
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=100, lossless=True)
    keep = {"animation": {"frames": "keep"}}
    request = Request.parse({"data": b64(data), "operations": [keep, REDACT], "properties": []})
    stored = opened(process(request, Settings(), Stopwatch())["data"])
    assert getattr(stored, "n_frames", 1) == 3
    for number in range(3):
        stored.seek(number)
        assert seen_again(stored.convert("RGB")) == []


def test_a_picture_with_nothing_to_hide_stays_as_it_is_and_says_so() -> None:
    image = Image.linear_gradient("L").resize((200, 160)).convert("RGB")
    fields = run(encoded(image), {"redact": {"what": ["faces", "plates", "text"]}})
    assert fields["redacted"] == {"faces": 0, "plates": 0, "text": 0}
    assert np.array_equal(np.asarray(opened(fields["data"])), np.asarray(image))


def test_a_recipe_without_it_says_nothing_of_what_was_hidden() -> None:
    assert run(encoded(FACE))["redacted"] is None


def test_a_face_that_cannot_be_hidden_refuses_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = Box(0, 0, 1, 1)
    monkeypatch.setattr(module, "unseen", lambda *_: {"faces": [everything]})
    monkeypatch.setattr(module, "faces", lambda *_, **__: [Face(everything, 1.0, [])])
    # It ends, after each way to hide it.
    with pytest.raises(ImageError) as refusal:
        run(encoded(FACE), REDACT)
    assert refusal.value.code is Code.CANNOT_REDACT


def test_a_recognizer_that_fails_hands_no_picture_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise OSError("no model")

    monkeypatch.setattr(module, "unseen", broken)
    with pytest.raises(OSError, match="no model"):
        run(encoded(FACE), REDACT)


@pytest.mark.parametrize(
    "request_",
    [
        {"operations": [REDACT]},
        {"operations": ["auto_orient", "redact"]},
        {"operations": None, "document_operations": [REDACT]},
        {"operations": [{"redact": "nonsense"}]},
    ],
)
def test_nothing_stays_of_a_refused_picture_that_was_to_be_redacted(request_: dict[str, Any]) -> None:
    data = b64(encoded(FACE, "JPEG"))
    assert what_stays({"data": data, **request_}) == {"data": None}
    assert what_stays({"data": data, "operations": ["auto_orient", 7, None]})["data"]


@pytest.mark.parametrize("name", ["faces", "plates", "text"])
def test_a_property_that_would_find_nothing_is_refused(name: str) -> None:
    with pytest.raises(ImageError, match=rf"property \[{name}\] finds nothing where operation \[redact\] hides {name}"):
        parse_recipe([{"redact": {"what": [name]}}], ["colors", name])
    others = [other for other in ("faces", "plates", "text") if other != name]
    parse_recipe([{"redact": {"what": [name]}}], others)


def test_every_property_of_a_redacted_picture_is_that_of_what_is_stored() -> None:
    # A recipe that hides faces may not ask for them.
    properties = [name for name in all_features() if name != "faces"]
    redacted = run(encoded(SMALL), REDACT, properties=properties)
    again = run(b64decode(redacted["data"]), properties=properties)
    assert redacted["redacted"] == {"faces": 1}
    # What says how the picture came to be.
    of_the_way = {"redacted", "original", "recipe", "mark", "source_mark", "thumbnail_mark"}
    assert {name for name in redacted if redacted[name] != again[name]} <= of_the_way
    made = {name for name in redacted if redacted[name]}
    assert {"thumbnail", "placeholder", "colors", "embedding", "perceptual_hashes"} <= made
    plain = run(encoded(SMALL), properties=properties)
    assert {"thumbnail", "embedding", "sha256"} <= {name for name in redacted if redacted[name] != plain[name]}


def test_properties_are_read_of_the_redacted_picture() -> None:
    data = encoded(page(["Harbour lights"]))
    fields = run(data, {"redact": {"what": ["text"], "how": "fill"}}, properties=["thumbnail", "placeholder", "colors"])
    plain = run(data, properties=["thumbnail", "placeholder", "colors"])
    assert fields["thumbnail"] != plain["thumbnail"]
    assert np.asarray(opened(fields["thumbnail"])).std() < np.asarray(opened(plain["thumbnail"])).std() / 2


def see_through(alpha: int, mode: str = "RGBA") -> Image.Image:
    """The portrait with its face transparent; with an alpha channel that is opaque elsewhere."""
    channel = Image.new("L", SMALL.size, 255)
    channel.paste(alpha, place().grown(1).pixels(SMALL.size))
    image = SMALL.convert(mode)
    image.putalpha(channel)
    return image


@pytest.mark.parametrize("alpha", [0, 1, 8, 16, 40, 80, 160])
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_no_face_is_left_under_transparent_pixels(kind: str, alpha: int) -> None:
    exact: dict[str, Any] = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    exact |= {"quality": 100} if kind == "AVIF" else {}
    data = encoded(see_through(alpha), kind, **exact)
    # What the file itself shows a program that ignores alpha.
    assert seen_again(Image.merge("RGB", opened(data).convert("RGBA").split()[:3]))
    hidden = b64decode(run(data, REDACT)["data"])
    for target in ("png", "webp", "avif"):
        # What was hidden once is encoded in several ways.
        request = Request.parse(
            {"data": b64(hidden), "operations": [{"convert": {"format": target}}], "properties": []}
        )
        stored = opened(process(request, Settings(), Stopwatch())["data"]).convert("RGBA")
        assert seen_again(Image.merge("RGB", stored.split()[:3])) == []


def test_nothing_is_left_of_grey_and_palettes_under_transparent_pixels() -> None:
    grey = see_through(0, "L")
    assert seen_again(grey.getchannel("L"))
    stored = opened(run(encoded(grey), REDACT)["data"])
    assert seen_again(stored.convert("LA").getchannel("L")) == []
    # Each colour twice in the palette: once opaque, once transparent.
    colours = np.asarray(SMALL.quantize(128))
    palette = SMALL.quantize(128).getpalette() or []
    left, top, right, bottom = place().grown(1).pixels(SMALL.size)
    twice = colours.copy()
    twice[top:bottom, left:right] += 128
    image = Image.fromarray(twice, "L")
    image.putpalette([*palette[:384], *palette[:384]])
    data = encoded(image, transparency=bytes([255] * 128 + [0] * 128))
    assert seen_again(Image.merge("RGB", opened(data).convert("RGBA").split()[:3]))
    stored = opened(run(data, REDACT)["data"]).convert("RGBA")
    assert seen_again(Image.merge("RGB", stored.split()[:3])) == []


def test_no_text_is_left_under_transparent_pixels() -> None:
    image = page(["Harbour lights", "open until nine"]).convert("RGBA")
    image.putalpha(0)
    stored = opened(run(encoded(image), {"redact": {"what": ["text"]}})["data"]).convert("RGBA")
    assert look(Image.merge("RGB", stored.split()[:3])).readings == []


@pytest.mark.parametrize("where", ["operations", "document_operations"])
def test_an_original_that_would_show_what_is_hidden_is_not_kept(where: str) -> None:
    body = {"data": b64(encoded(FACE)), "properties": [], where: [REDACT]}
    assert not Request.parse({"operations": [], **body}).keeps_original
    with pytest.raises(ImageError, match=r"originals must be `none` beside operation \[redact\]"):
        Request.parse({"operations": [], **body, "originals": "external"})


def test_a_second_one_adds_to_what_the_first_has_hidden() -> None:
    again = {"redact": {"what": ["plates", "faces"], "how": "fill"}}
    data = encoded(SMALL)
    assert run(data, REDACT, again)["redacted"] == {"faces": 1, "plates": 0}
    assert run(data, REDACT, document_operations=[again])["redacted"] == {"faces": 1, "plates": 0}
    other = {"redact": {"what": ["plates"]}}
    assert run(data, other, REDACT)["redacted"] == {"faces": 1, "plates": 0}


@pytest.mark.parametrize("how", ["pixelate", "blur"])
@pytest.mark.parametrize(("what", "turned"), [("plates", 0), ("plates", 12), ("text", 0), ("text", 25)])
def test_of_a_plate_in_two_lines_no_more_is_left_than_its_mean(how: str, what: str, turned: int) -> None:
    """Whoever knows the font tries letter after letter, until the squares are the same."""
    image = plate(["HNX", "4719"], turned)
    operation = {"redact": {"what": [what], "how": how}}
    fields = run(encoded(image), operation)
    assert fields["redacted"][what]
    stored, before = np.asarray(opened(fields["data"]).convert("RGB")), np.asarray(image)
    changed = np.any(stored != before, axis=2)
    colours, counts = np.unique(stored[changed], axis=0, return_counts=True)
    # Text of two lines may be two boxes.
    assert len(colours) <= 2, counts


def far_away(part: Image.Image, size: tuple[int, int] = (3200, 720)) -> tuple[Image.Image, tuple[int, int, int, int]]:
    """A large picture with a small one in it, and where."""
    image = Image.new("RGB", size, (120, 130, 110))
    left, top = 1700, 500
    image.paste(part, (left, top))
    return image, (left, top, left + part.width, top + part.height)


def test_a_face_that_is_small_in_a_large_picture_is_hidden() -> None:
    image, place = far_away(FACE.crop((64, 0, 384, 256)).resize((66, 53), Image.Resampling.LANCZOS))
    assert faces(image.crop(place)) and not faces(image)
    fields = run(encoded(image), REDACT)
    assert fields["redacted"] == {"faces": 1}
    assert not faces(opened(fields["data"]).convert("RGB").crop(place), 0.25)


def test_a_plate_that_is_small_in_a_large_picture_is_hidden() -> None:
    small = plate(["RK 755 AJ"]).resize((200, 150), Image.Resampling.LANCZOS)
    image, place = far_away(small, (2800, 1900))
    assert "RK755AJ" in [normal(reading.text) for reading in look(image.crop(place)).readings]
    fields = run(encoded(image), {"redact": {"what": ["plates"]}})
    assert fields["redacted"] == {"plates": 1}
    again = look(opened(fields["data"]).convert("RGB").crop(place)).readings
    assert "755" not in "".join(normal(reading.text) for reading in again)


def test_a_picture_that_is_too_large_to_find_what_is_small_in_it_is_refused() -> None:
    data = encoded(Image.new("RGB", (6000, 4000), "gray"), "JPEG")
    with pytest.raises(
        ImageError, match=r"6000 x 4000 pixels are too many .* put \[redact\] behind \[resize\]"
    ) as refusal:
        run(data, REDACT)
    assert refusal.value.code is Code.CANNOT_REDACT
    assert run(data, {"resize": {"width": 1000}}, REDACT)["redacted"] == {"faces": 0}


@pytest.mark.parametrize("min_score", [0.05, 0.9])
def test_a_face_is_looked_for_again_below_half_the_threshold(monkeypatch: pytest.MonkeyPatch, min_score: float) -> None:
    scores: list[float] = []

    def noted(image: Image.Image, score: float, large: bool) -> list[Face]:
        scores.append(score)
        return faces(image, score, large)

    monkeypatch.setattr(module, "faces", noted)
    run(encoded(SMALL), {"redact": {"what": ["faces"], "min_score": min_score, "how": "fill"}})
    assert scores and scores[0] < min(0.25, min_score) and max(scores) < 0.25


def test_a_face_that_was_found_by_turning_is_looked_for_again_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    small = Image.new("RGB", (480, 360), (90, 95, 100))
    small.paste(FACE.crop((64, 0, 384, 256)).resize((60, 48)), (300, 60))
    data = encoded(small.transpose(Image.Transpose.ROTATE_180))
    operation = {"redact": {"what": ["faces"], "min_score": 0.5}}
    assert run(data, operation)["redacted"] == {"faces": 1}
    # Where nothing is hidden, it is found again.
    monkeypatch.setattr(module, "hide", lambda frame, *_, **__: frame)
    monkeypatch.setattr(module, "faces", lambda *_, **__: [])
    with pytest.raises(ImageError, match="still found"):
        run(data, operation)


def test_a_face_that_is_found_only_when_others_are_hidden_is_hidden_too_and_others_do_not_grow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = Box(0.1, 0.1, 0.2, 0.2), Box(0.6, 0.6, 0.2, 0.2)
    noise = Image.effect_noise((200, 200), 90).convert("RGB")
    monkeypatch.setattr(module, "unseen", lambda *_: {"faces": [one]})
    monkeypatch.setattr(module, "lying", lambda *_: iter(()))

    def found(image: Image.Image, _: float, large: bool) -> list[Face]:
        hidden = np.asarray(image.crop(other.pixels(image.size))).std() < 45
        return [] if hidden else [Face(other, 0.24, [])]

    monkeypatch.setattr(module, "faces", found)
    changed = np.any(np.asarray(opened(run(encoded(noise), REDACT)["data"])) != np.asarray(noise), axis=2)
    assert changed[130:150, 130:150].mean() > 0.9
    # The first one has its margin of 0.15 and no more.
    assert not changed[:14].any() and not changed[66:80, :80].any()
