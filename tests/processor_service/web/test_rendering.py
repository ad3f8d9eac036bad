"""Pictures on the fly, as far as no Elasticsearch is needed: who may look, what is asked for, what is kept."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from ingest_image.cli import main
from processor_service.errors import Code, ImageError
from processor_service.settings import Settings
from processor_service.web.rendering.access import seconds_left, signed_url
from processor_service.web.rendering.address import check_place, parse
from processor_service.web.rendering.cache import DiskCache
from processor_service.web.rendering.renderer import etag
from tests.helpers.service import TOKEN

AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
PRODUCT = {"X_Elastic_Product": "Elasticsearch", "Content_Type": "application/json"}


def accepting(text: str) -> MIMEAccept:
    return parse_accept_header(text, MIMEAccept)


def operations(*pairs: tuple[str, str], accept: str = "*/*") -> list[Any]:
    return parse(pairs, accepting(accept)).operations


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, []),
        ({"n": "1"}, []),
        ({"w": "300"}, [{"auto_orient": {}}, {"resize": {"width": 300}}]),
        (
            {"h": "20", "w": "30", "fit": "cover", "dpr": "1.5", "rotate": "-90", "format": "webp", "q": "7"},
            [
                {"auto_orient": {}},
                {"rotate": {"degrees": -90.0}},
                {"resize": {"width": 30, "height": 20, "fit": "cover", "dpr": 1.5}},
                {"convert": {"quality": 7, "format": "webp"}},
            ],
        ),
        ({"operations": '["grayscale"]'}, ["grayscale"]),
    ],
)
def test_short_forms_are_operations(query: dict[str, str], expected: list[Any]) -> None:
    assert operations(*query.items()) == expected


@pytest.mark.parametrize(
    "pairs",
    [
        [("width", "300")],
        [("w", "300"), ("w", "200")],
        [("w", "-1")],
        [("w", "1e9")],
        [("w", "٣")],
        [("w", "9999999999")],
        [("rotate", "nan")],
        [("dpr", "1e400")],
        [("n", "-1")],
        [("operations", "{")],
        [("operations", "{}")],
        [("operations", "[]"), ("w", "3")],
    ],
)
def test_wrong_parameters_are_refused(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(ImageError, match="invalid_request"):
        parse(pairs, accepting("*/*"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
names = st.sampled_from(["operations", "w", "h", "fit", "rotate", "format", "q", "dpr", "n", "v", "x"])
texts = st.text(max_size=20) | json_values.map(json.dumps) | st.integers(0, 5000).map(lambda depth: "[" * depth)


@given(st.lists(st.tuples(names, texts), max_size=5), st.text(max_size=30))
@settings(max_examples=300, deadline=None)
def test_whatever_is_asked_for_has_a_name_or_is_refused(pairs: list[tuple[str, str]], accept: str) -> None:
    try:
        tag = etag("images", "0" * 64, parse(pairs, accepting(accept)).operations)
    except ImageError as refusal:
        assert refusal.code is Code.INVALID_REQUEST and len(refusal.reason) < 400
    else:
        assert re.fullmatch("[0-9a-f]{40}", tag)


@pytest.mark.parametrize(
    ("accept", "query", "format"),
    [
        ("image/avif,image/webp,*/*", {"w": "9"}, "avif"),
        ("image/WEBP;q=0.5,image/avif;q=0", {"w": "9"}, "webp"),
        ("image/*,*/*", {"w": "9"}, None),
        ("image/avif", {"w": "9", "format": "png"}, "png"),
        ("image/avif", {"w": "9", "q": "50"}, "avif"),
        ("image/webp", {"operations": '["grayscale", {"convert": {"quality": 5}}, "sepia"]'}, "webp"),
        ("image/webp", {"operations": '[{"convert": {"format_with_alpha": "png"}}]'}, None),
        ("image/avif", {}, None),
    ],
)
def test_the_format_is_negotiated_when_none_is_asked_for(
    accept: str, query: dict[str, str], format: str | None
) -> None:
    converts = [
        entry["convert"]
        for entry in operations(*query.items(), accept=accept)
        if isinstance(entry, dict) and "convert" in entry
    ]
    assert (converts[-1].get("format") if converts else None) == format


@pytest.mark.parametrize(
    "index", ["images", "photos-2024", "photos-", ".ds-images-2026.11.27-000001", ".ds-photos-a-2026.11.27-1000000"]
)
def test_indices_are_named_by_patterns(index: str) -> None:
    check_place(index, "an/id ü", ["images", "photos-*"])


@pytest.mark.parametrize(
    "index",
    [
        "other",
        ".ds-other-2026.11.27-000001",
        "Images",
        "_all",
        "*",
        "images,other",
        "imag*",
        ".security",
        ".ds-images",
        ".ds-.security-2026.11.27-000001",
        ".ds-images,other-2026.11.27-000001",
        "-images",
        "+images",
        "<images-{now}>",
        "images ",
        "",
    ],
)
def test_other_indices_and_lists_of_them_are_not_found(index: str) -> None:
    for patterns in (["images"], ["*"]) if "other" not in index.split("-") else (["images"],):
        with pytest.raises(ImageError, match="picture_not_found"):
            check_place(index, "1", patterns)


@pytest.mark.parametrize("id", [".", "..", "a\nb", "a\0"])
def test_ids_that_are_no_step_of_a_path(id: str) -> None:
    with pytest.raises(ImageError, match="picture_not_found"):
        check_place("images", id, ["*"])


def pairs_of(url: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)


def test_a_signature_covers_path_parameters_and_time() -> None:
    path, now = "/v1/images/images/a b/ü", int(time.time())
    url = signed_url("https://x.test/v1/images/images/a%20b/%C3%BC?w=300&h=&q=5#top", "key", now + 100)
    pairs = pairs_of(url)
    assert 98 <= seconds_left(path, pairs, ["other", "key"]) <= 100
    assert seconds_left(path, pairs[::-1], ["key"])
    for changed in (
        [("w", "301") if name == "w" else (name, value) for name, value in pairs],
        [pair for pair in pairs if pair[0] != "q"],
        [*pairs, ("dpr", "2")],
        [("expires", str(now + 999)) if name == "expires" else (name, value) for name, value in pairs],
        [("signature", "ü") if name == "signature" else (name, value) for name, value in pairs],
    ):
        with pytest.raises(ImageError, match="signature is wrong"):
            seconds_left(path, changed, ["key"])
    for place, keys in (("/v1/images/images/other", ["key"]), (path, ["other"]), (path, [])):
        with pytest.raises(ImageError, match="signature is wrong"):
            seconds_left(place, pairs, keys)


@pytest.mark.parametrize("expires", [-1, 0])
def test_a_signature_ends(expires: int) -> None:
    url = signed_url("/v1/images/images/1", "key", int(time.time()) + expires)
    with pytest.raises(ImageError, match="expired"):
        seconds_left("/v1/images/images/1", pairs_of(url), ["key"])


def test_a_signature_without_an_end_does_not_hold() -> None:
    from processor_service.web.rendering.access import _sign

    for pairs in ([], [("expires", "soon")], [("expires", "٣" * 12)], [("expires", "9" * 30)]):
        with pytest.raises(ImageError, match="expired"):
            seconds_left("/p", [*pairs, ("signature", _sign("key", "/p", pairs))], ["key"])


def test_the_command_signs_with_the_service_s_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_TOKEN", "token")
    result = CliRunner().invoke(main, ["sign-url", "/v1/images/images/1?w=3", "--hours", "1"])
    assert 3500 <= seconds_left("/v1/images/images/1", pairs_of(result.output.strip()), ["token"]) <= 3600
    monkeypatch.setenv("IMAGE_TOKEN", "")
    result = CliRunner().invoke(main, ["sign-url", "/v1/images/images/1"])
    assert result.exit_code == 1 and "IMAGE_TOKEN" in result.output


def test_the_cache_is_bounded_and_keeps_what_is_used(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "cache", 1000)
    for number in range(9):
        cache.put(f"a{number}", bytes(100))
        os.utime(tmp_path / "cache" / f"a{number}", (number, number))
    assert cache.get("a0") == bytes(100) and cache.get("none") is None
    cache.put("b", b"b" * 200)
    assert sum(path.stat().st_size for path in (tmp_path / "cache").iterdir()) <= 900
    assert cache.get("a0") and cache.get("b") and cache.get("a1") is None
    cache.put("large", bytes(300))
    assert cache.get("large") is None
    # Another process, or this one after a restart, finds it, and removes what was left half written.
    (tmp_path / "cache" / ".new-x").write_bytes(bytes(10))
    again = DiskCache(tmp_path / "cache", 500)
    assert again.get("b") == b"b" * 200
    assert sum(path.stat().st_size for path in (tmp_path / "cache").iterdir()) <= 450
    assert (tmp_path / "cache").stat().st_mode & 0o077 == 0


def test_what_is_not_the_cache_s_in_its_folder_is_left_alone(tmp_path: Path) -> None:
    """The top of a disk has `lost+found`, which looks like the least recently used."""
    folder = tmp_path / "lost+found"
    folder.mkdir()
    (tmp_path / ".new-folder").mkdir()
    os.utime(folder, (1, 1))
    cache = DiskCache(tmp_path, 1000)
    for key in "abcdef":
        cache.put(key, bytes(240))
    assert folder.is_dir()
    assert cache.get("f") == bytes(240) and cache.get("a") is None
    assert sum(path.stat().st_size for path in tmp_path.iterdir() if path.is_file()) <= 1000
    assert DiskCache(tmp_path, 100).get("f") is None


def test_a_full_disk_is_not_littered_with_halves(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "cache", 10_000_000)
    cache.put("before", b"kept")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # As on a full disk a part is written, and then no more. By default the kernel would end us.
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        for number in range(3):
            cache.put(f"key{number}", bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["before"]
    cache.put("after", bytes(100_000))
    assert cache.get("after") == bytes(100_000)


def test_a_cache_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "cache", 1000)
    (tmp_path / "cache").rmdir()
    cache.put("a", b"a")
    assert cache.get("a") is None


def test_settings_name_indices_and_no_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_RENDER_INDICES", "images, photos-*")
    assert Settings().render_indices == ("images", "photos-*")
    for name, wrong in (
        ("RENDER_INDICES", "_all"),
        ("RENDER_INDICES", ".x"),
        ("ELASTICSEARCH_URL", "http://u:p@h:9200"),
    ):
        with monkeypatch.context() as patch, pytest.raises(ValidationError):
            patch.setenv(f"IMAGE_{name}", wrong)
            Settings()
