"""Any valid recipe on any picture gives a picture or a stable error, and normalizing twice changes nothing."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from processor_service.errors import Code, ImageError
from processor_service.pipeline import Request, process
from processor_service.settings import Settings
from processor_service.timing import Stopwatch
from tests.processor_service.recipes import SCHEMA, operation, recipes
from tests.support import PICTURES, b64, opened

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
    return settings(
        max_examples=count,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )


def run(data: bytes, operations: list[dict[str, Any]], **more: Any) -> dict[str, Any] | None:
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


@examples(60)
@given(name=st.sampled_from(PICTURE_NAMES), resize=operation("resize"))
def test_the_box_of_resize_is_respected(name: str, resize: dict[str, Any]) -> None:
    fields = run((PICTURES / name).read_bytes(), ["auto_orient", resize])  # type: ignore[list-item]
    assume(fields is not None)
    assert fields is not None
    box, dpr = resize["resize"], resize["resize"].get("dpr", 1)
    most = [box[side] * dpr if box.get(side) else None for side in ("width", "height")]
    for side, limit in zip(("width", "height"), most, strict=True):
        if limit:
            assert fields[side] <= max(1, round(limit))
            if box.get("fit") == "pad" or (box.get("enlarge") and box.get("fit") in ("cover", "fill")):
                assert fields[side] == max(1, round(limit))


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
    for normalized in (True, False):
        twice = run(base64.b64decode(once["data"]), operations, normalized=normalized)
        if twice is None:
            # A lossy second pass may be a byte too large for max_bytes.
            assert "max_bytes" in convert["convert"]
            continue
        for field in ("width", "height", "format"):
            assert twice[field] == once[field]
