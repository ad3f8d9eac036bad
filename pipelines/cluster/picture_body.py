"""A request body with a picture, made piece by piece while it is sent.

As one JSON text a picture of 9 MB takes some 60 MB of this process: its base64, the text with it, the bytes of that.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import pybase64
from elastic_transport import JsonSerializer
from elasticsearch import Elasticsearch

# A multiple of three bytes, so that the pieces of base64 join to one.
_PIECE = 3 << 16
_JSON = {"accept": "application/json", "content-type": "application/json"}


class PictureBody:
    """The JSON of what `around` makes of the picture's base64. Each iteration, as for a retry, starts again."""

    def __init__(self, picture: BinaryIO, around: Callable[[str], Any]) -> None:
        self._picture = picture
        place = uuid.uuid4().hex
        self._before, _, self._after = json.dumps(around(place)).encode().partition(place.encode())

    def __iter__(self) -> Iterator[bytes]:
        yield self._before
        self._picture.seek(0)
        while piece := self._picture.read(_PIECE):
            yield pybase64.b64encode(piece)
        yield self._after

    def decode(self, *_: str) -> str:
        """What the transport writes into its debug log."""
        return f"{self._before.decode()}...{self._after.decode()}"


class _StreamSerializer(JsonSerializer):
    """Hands bodies that make themselves on to the connection, and has the rest done by the client's own serializer."""

    def __init__(self, serializer: JsonSerializer) -> None:
        self._serializer = serializer

    def dumps(self, data: Any) -> Any:
        return data if isinstance(data, PictureBody) else self._serializer.dumps(data)

    def loads(self, data: bytes) -> Any:
        return self._serializer.loads(data)


def send(client: Elasticsearch, method: str, path: str, body: PictureBody, **params: str) -> Any:
    """The answer to a request with a picture. Raises what the client's own methods raise."""
    serializers = client.transport.serializers.serializers
    for mimetype, found in serializers.items():
        if isinstance(found, JsonSerializer) and not isinstance(found, _StreamSerializer):
            serializers[mimetype] = _StreamSerializer(found)
    return client.perform_request(method, path, params=params, headers=_JSON, body=body).body
