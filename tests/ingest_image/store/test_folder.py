"""`ingest-image store` and a folder whose disk is not mounted: an empty one is no store without pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ingest_image.store.command import store
from processor_service.store.addresses import address_of
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
