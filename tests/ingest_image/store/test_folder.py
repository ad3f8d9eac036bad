"""`ingest-image store` and a folder whose disk is not mounted: an empty one is no store without pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest_image.store.command import store
from ingest_image.store.opened import is_itself
from processor_service.store.addresses import TRASH, address_of
from processor_service.store.opening import begin_store, open_store

DATA = b"a picture"
# There is no node: none is asked.
AT = ["--url", "http://127.0.0.1:1"]


@pytest.mark.parametrize("command", [["check", "images", *AT], ["clean", "images", *AT], ["copy"]])
def test_no_command_makes_a_store_of_the_place_of_a_disk(command: list[str], tmp_path: Path) -> None:
    place, other = tmp_path / "place", tmp_path / "other"
    place.mkdir()
    other.mkdir()
    arguments = [*command, str(other)] if command == ["copy"] else command
    result = CliRunner().invoke(store, arguments, env={"IMAGE_STORE_URL": str(place)})
    assert result.exit_code == 1 and "is its disk mounted?" in result.output, result.output
    assert not list(place.iterdir()) and not list(other.iterdir())


def test_a_copy_begins_a_store_in_its_folder(tmp_path: Path) -> None:
    place, other = tmp_path / "place", tmp_path / "other"
    place.mkdir()
    other.mkdir()
    begin_store(str(place))
    key = address_of(DATA, "jpeg")
    for folder in (place, other):
        opened = open_store(str(folder), 20)
        if folder == place:
            opened.put(key, DATA)
            copied = CliRunner().invoke(store, ["copy", str(other)], env={"IMAGE_STORE_URL": str(place)})
            assert copied.exit_code == 0, copied.output
        else:
            assert not opened.put(key, DATA)
        opened.stop()


@pytest.mark.parametrize("spelled", ["{}", "{}/", "file://{}", "{}/../place", "{}/../link"])
def test_no_store_is_copied_to_itself(spelled: str, tmp_path: Path) -> None:
    """What `store clean` has put away would be put back."""
    place = tmp_path / "place"
    place.mkdir()
    (tmp_path / "link").symlink_to(place)
    begin_store(str(place))
    key = address_of(DATA, "jpeg")
    opened = open_store(str(place), 20)
    opened.put(key, DATA)
    opened.move(key, TRASH + key)
    result = CliRunner().invoke(store, ["copy", spelled.format(place)], env={"IMAGE_STORE_URL": str(place)})
    opened.stop()
    assert result.exit_code == 1 and "itself" in result.output, result.output
    assert not (place / key).exists()


@pytest.mark.parametrize(
    ("url", "keys", "itself"),
    [
        ("s3://pictures/live/", {}, True),
        ("s3://pictures/copy", {}, False),
        ("s3://pictures/live", {"TO_AWS_ENDPOINT_URL": "https://elsewhere.example.org"}, False),
        ("/var/lib/pictures", {}, False),
    ],
)
def test_a_store_elsewhere_is_itself_with_the_same_keys(
    url: str, keys: dict[str, str], itself: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"IMAGE_STORE_URL": "s3://pictures/live", **keys}.items():
        monkeypatch.setenv(name, value)
    assert is_itself(url) is itself
