"""`ingest-image store copy` from one S3 server to another, which has other keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from PIL import Image

from ingest_image.store.command import store
from processor_service.store.addresses import address_of
from processor_service.store.opening import open_store
from processor_service.store.picture_store import PictureStore
from tests.helpers.pictures import encoded
from tests.helpers.stores import S3Server, environment, faulty_store, pass_on, refusing, s3_environment, s3_server

OTHER_KEY = "AKIAOFTHEOTHER"


def test_copy_to_a_store_with_other_keys_at_another_address(tmp_path: Path) -> None:
    """Two real S3 servers; what stands before the second one sees the keys."""
    keys: list[str] = []
    data = encoded(Image.new("RGB", (40, 30), "teal"), "PNG")
    key = address_of(data, "png")
    # The second one first: a server that is started with keys in its environment wants them.
    with second_server(tmp_path / "second") as second, s3_server(tmp_path / "first", key=None) as first:
        given = s3_environment(first.url)
        with opened("s3://pictures/from") as source:
            source.put(key, data)
        with faulty_store(refusing) as proxy:

            def seen(handler: Any) -> None:
                keys.append(handler.headers["Authorization"])
                pass_on(handler, second)

            proxy.behaviour = seen
            others = {**s3_environment(proxy.url), "AWS_ACCESS_KEY_ID": OTHER_KEY}
            target = {f"TO_{name}": value for name, value in others.items()}
            result = CliRunner().invoke(
                store,
                ["copy", "s3://pictures/to", "--json"],
                env={**given, "AWS_SESSION_TOKEN": "of the first", **target, "IMAGE_STORE_URL": "s3://pictures/from"},
            )
            assert (result.exit_code, json.loads(result.stdout)["copied"]) == (0, 1), result.output
            assert keys and all(f"Credential={OTHER_KEY}/" in key for key in keys)
            assert not any("security-token" in key for key in keys)
            with environment(**others), opened("s3://pictures/to") as copied:
                assert copied.get(key, 10_000) == data


@contextmanager
def second_server(folder: Path) -> Iterator[S3Server]:
    folder.mkdir()
    server = S3Server(folder, key=OTHER_KEY)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def opened(url: str) -> Iterator[PictureStore]:
    pictures = open_store(url, 20)
    try:
        yield pictures
    finally:
        pictures.stop()
