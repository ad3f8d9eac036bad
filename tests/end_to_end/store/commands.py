"""What the tests of `ingest-image store` share: the commands, with the store and the index of a test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from click.testing import CliRunner, Result
from elasticsearch import Elasticsearch
from PIL import Image

from ingest_image.store.command import store
from tests.helpers.pictures import b64, encoded

from .stored import Stored, image_of


class Commands:
    """The commands, with the store of a test."""

    def __init__(self, es: Elasticsearch, es_url: str, stored: Stored, index: str) -> None:
        self.es, self.stored, self.index = es, stored, index
        self.url = es_url

    def put(self, id: str = "1", **more: Any) -> dict[str, Any]:
        """Index a picture, for each id another one; returns what its document has of it."""
        data = b64(encoded(Image.new("RGB", (40, 30), (90, int(id), 30)), "PNG"))
        self.es.index(index=self.index, id=id, document={"image": {"data": data, **more}}, refresh=True)
        return self.image(id)

    def put_as_it_is(self, image: Any, id: str = "1", index: str = "") -> None:
        """Store a picture's fields without a pipeline."""
        document = {"image": image}
        self.es.index(index=index or self.index, id=id, document=document, pipeline="_none", refresh=True)

    def image(self, id: str = "1") -> dict[str, Any]:
        return dict(image_of(self.es, self.index, id))

    def remove(self, id: str = "1") -> None:
        self.es.delete(index=self.index, id=id, refresh=True)

    def run(self, command: str, *arguments: str, environment: Mapping[str, str] = MappingProxyType({})) -> Result:
        """A command; all but one ask Elasticsearch."""
        given = [command, *([] if command == "copy" else ["--url", self.url]), *arguments]
        return CliRunner().invoke(store, given, env={"IMAGE_STORE_URL": self.stored.url, **environment})

    def said(
        self, command: str, *arguments: str, exit_code: int = 0, environment: Mapping[str, str] = MappingProxyType({})
    ) -> dict[str, Any]:
        """What a command prints as JSON."""
        result = self.run(command, "--json", *arguments, environment=environment)
        assert result.exit_code == exit_code, result.output
        return dict(json.loads(result.stdout))

    def clean(self, grace: str) -> dict[str, Any]:
        return self.said("clean", self.index, "--delete", "--grace", grace)

    def keys(self) -> list[str]:
        pictures = self.stored.pictures
        return sorted(each.key for prefix in ("sha256/", "trash/") for each in pictures.list(prefix))

    def empty(self) -> None:
        """What other tests left would be cleaned, too."""
        for key in self.keys():
            self.stored.pictures.delete(key)
