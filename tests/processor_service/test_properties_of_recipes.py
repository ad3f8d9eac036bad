"""Any valid recipe on any picture gives a picture or a stable error, and normalizing twice changes nothing."""

from __future__ import annotations

import base64
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from processor_service.errors import Code, ImageError
from processor_service.pipeline import process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from processor_service.wire.request import Request
from tests.helpers.paths import PICTURES
from tests.helpers.pictures import b64, difference, opened, over_grey
from tests.processor_service.recipes import SCHEMA, operation, recipes

# Large ones take seconds a recipe and are no different.
_MOST_BYTES = 100_000
PICTURE_NAMES = sorted(
    path.relative_to(PICTURES).as_posix()
    for path in PICTURES.rglob("*.*")
    if path.suffix != ".md" and path.stat().st_size <= _MOST_BYTES
)
LIMITS = Settings(max_pixels=3_000_000)
# Refusals of a good picture by a recipe, and of pictures that are bad.
ALLOWED = {code for code in Code if code.status == 422} - {Code.INVALID_BASE64, Code.PICTURE_CRASHED}


def examples(count: int) -> settings:
    """So many examples; `EXAMPLES=20` looks at twenty times as many."""
    return settings(
        max_examples=count * int(os.environ.get("EXAMPLES", "1")),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )


def run(data: bytes, operations: list[Any], **more: Any) -> dict[str, Any] | None:
    """The fields of the processed picture, None when it is refused with a stable code."""
    try:
        request = Request.parse({"data": b64(data), "operations": operations, "properties": [], **more})
    except ImageError as refusal:
        # What a schema cannot say: parameters that contradict each other.
        assert refusal.code is Code.INVALID_RECIPE
        assume(False)
        raise
    try:
        return process(request, LIMITS, Stopwatch())
    except ImageError as refusal:
        assert refusal.code in ALLOWED, refusal
        assert refusal.reason and len(refusal.reason) < 400
        return None


@examples(250)
@given(name=st.sampled_from(PICTURE_NAMES), operations=recipes())
def test_any_recipe_on_any_picture_gives_a_picture_or_a_stable_error(
    name: str, operations: list[dict[str, Any]]
) -> None:
    fields = run((PICTURES / name).read_bytes(), operations)
    if fields is not None:
        stored = opened(fields["data"])
        assert stored.size == (fields["width"], fields["height"])
        assert stored.width * stored.height <= LIMITS.max_pixels


@pytest.mark.parametrize("name", SCHEMA)
@examples(12)
@given(data=st.data())
def test_each_operation_on_any_picture(name: str, data: st.DataObject) -> None:
    picture = data.draw(st.sampled_from(PICTURE_NAMES))
    fields = run((PICTURES / picture).read_bytes(), [data.draw(operation(name))])
    if fields is not None:
        opened(fields["data"])


def rounded(number: float) -> int:
    return max(1, round(number))


def expected_sides(name: str, parameters: dict[str, Any], width: int, height: int) -> list[tuple[float, float]]:
    """What docs/operations.md promises of the size: for width and height the least and the most."""
    sides = (width, height)
    keys, ends = ("width", "height"), (("left", "right"), ("top", "bottom"))
    if name == "resize":
        boxes = [parameters[key] * parameters.get("dpr", 1) if parameters.get(key) else None for key in keys]
        exact = parameters.get("enlarge") and parameters.get("fit") in ("cover", "fill")
        exact = exact or parameters.get("fit") == "pad"
        return [(1, float("inf")) if box is None else (rounded(box) if exact else 1, rounded(box)) for box in boxes]
    if name == "pad" and "aspect_ratio" not in parameters:
        scale = sides if parameters.get("unit") == "fraction" else (1, 1)
        added = [
            sum(round(parameters.get(end, 0) * unit) for end in both) for both, unit in zip(ends, scale, strict=True)
        ]
        return [(side + more, side + more) for side, more in zip(sides, added, strict=True)]
    if name == "pad":
        return [(side, float("inf")) for side in sides]
    if name == "rotate" and parameters["degrees"] % 180 == 90 and parameters.get("expand", True):
        return [(height, height), (width, width)]
    if name == "rotate" and parameters.get("expand", True):
        return [(1, width + height + 1)] * 2
    if name == "crop" and "aspect_ratio" not in parameters:
        scale = sides if parameters.get("unit") == "fraction" else (1, 1)
        # A box that begins between two pixels may have one more.
        most = [parameters[key] * unit + 1 for key, unit in zip(keys, scale, strict=True)]
        return [(1, min(side, max(1, limit))) for side, limit in zip(sides, most, strict=True)]
    if name in ("crop", "trim"):
        return [(1, side) for side in sides]
    return [(side, side) for side in sides]


@pytest.mark.parametrize("name", SCHEMA)
@examples(25)
@given(data=st.data())
def test_sizes_follow_the_parameters(name: str, data: st.DataObject) -> None:
    picture, step = data.draw(st.sampled_from(PICTURE_NAMES)), data.draw(operation(name))
    upright = run((PICTURES / picture).read_bytes(), ["auto_orient", {"convert": {"format": "png"}}])
    assume(upright is not None)
    assert upright is not None
    fields = run(base64.b64decode(upright["data"]), [step])
    assume(fields is not None)
    assert fields is not None
    limits = expected_sides(name, step[name], upright["width"], upright["height"])
    for side, (least, most) in zip(("width", "height"), limits, strict=True):
        assert least <= fields[side] <= most
    if "aspect_ratio" in step[name]:
        wanted, ratio = (float(part) for part in step[name]["aspect_ratio"].split(":")), 0.0
        ratio = next(wanted) / next(wanted)
        width, height = fields["width"], fields["height"]
        # To the pixel: one more or less on either side is beyond the ratio.
        assert (width - 1) / (height + 1) < ratio < (width + 1) / max(height - 1, 1e-9) or 1 in (width, height)
    if name == "resize" and step[name].get("fit", "inside") == "inside":
        ratios = [fields[side] / upright[side] for side in ("width", "height")]
        assert abs(ratios[0] - ratios[1]) <= 1 / min(upright["width"], upright["height"])


@examples(60)
@given(
    name=st.sampled_from(PICTURE_NAMES),
    resize=operation("resize"),
    convert=operation("convert"),
    frames=st.sampled_from(["first", "keep"]),
)
def test_normalizing_twice_changes_nothing(
    name: str, resize: dict[str, Any], convert: dict[str, Any], frames: str
) -> None:
    # A second pass finds a picture that is smaller than the box: only without these nothing is left to do.
    resize = {"resize": {**resize["resize"], "fit": "inside", "dpr": 1}}
    operations = [{"auto_orient": {}}, resize, {"animation": {"frames": frames}}, convert, {"strip_metadata": {}}]
    once = run((PICTURES / name).read_bytes(), operations)
    assume(once is not None)
    assert once is not None
    # As the node sends it: known to be normalized, its bytes are not touched.
    marked = run(base64.b64decode(once["data"]), operations, normalized=True)
    assert marked is not None
    assert marked["data"] == once["data"]
    # And as a stranger would send it, who has taken the mark away.
    twice = run(base64.b64decode(once["data"]), operations)
    if twice is None:
        # A lossy second pass may be a byte too large for max_bytes.
        assert "max_bytes" in convert["convert"]
        return
    for field in ("width", "height", "format"):
        assert twice[field] == once[field]
    one, other = opened(once["data"]), opened(twice["data"])
    assert getattr(one, "n_frames", 1) == getattr(other, "n_frames", 1)
    lossy = once["format"] in ("jpeg", "avif") or (once["format"] == "webp" and not convert["convert"].get("lossless"))
    # Chroma of half the resolution is no measure for icons.
    assert difference(over_grey(one), over_grey(other)) <= (0 if not lossy else 12 if min(one.size) >= 64 else 40)
