"""An Elasticsearch that answers what the test says, and a gallery over it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from elastic_transport import ApiResponseMeta, BaseNode, HttpHeaders, NodeConfig
from elastic_transport._node import NodeApiResponse
from elasticsearch import Elasticsearch
from flask.testing import FlaskClient

from ingest_image.gallery import GallerySettings, create_app
from pipelines.cluster.picture_body import PictureBody
from processor_service.wire.fields import mapping

OWN = {"Sec-Fetch-Site": "same-origin", "Accept": "application/json"}
HASH = "0f" * 32


def stored(**more: Any) -> dict[str, Any]:
    """The `image` of a processed document."""
    sizes = {"width": 640, "height": 480, "bytes": 30_000, "format": "jpeg"}
    return {
        **sizes,
        "sha256": "ab" * 32,
        "original": {**sizes, "bytes": 100_000, "format": "png", "sha256": "cd" * 32},
        "perceptual_hashes": {"algorithm": "pdq", "hex": HASH},
        "perceptual_hash_quality": 100,
        "colors": [{"hex": "#008080", "name": "teal", "share": 0.7, "l": 54.0, "a": -9.0, "b": -3.0}],
        "color_names": ["teal"],
        **more,
    }


class FakeElasticsearch:
    """Answers by path; `documents` are sources by id, all in the index `images`; `calls` are the requests."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, str, Any]] = []
        self.fails: Exception | None = None
        self.simulated: dict[str, Any] = {"doc": {"_source": {"image": stored()}}}
        fake = self

        class Node(BaseNode):
            def __init__(self, config: NodeConfig) -> None:
                super().__init__(config)

            def perform_request(
                self,
                method: str,
                target: str,
                body: bytes | None = None,
                headers: Any = None,
                request_timeout: Any = None,
            ) -> NodeApiResponse:
                status, answer = fake.perform(method, target, b"".join(body) if isinstance(body, PictureBody) else body)
                found = HttpHeaders({"x-elastic-product": "Elasticsearch", "content-type": "application/json"})
                return NodeApiResponse(
                    ApiResponseMeta(status, "1.1", found, 0.1, self.config), json.dumps(answer).encode()
                )

            def close(self) -> None:
                pass

        self.client = Elasticsearch("http://127.0.0.1:9", node_class=Node, max_retries=0)

    def perform(self, method: str, target: str, body: bytes | None) -> tuple[int, Any]:
        lines = [json.loads(line) for line in (body or b"").splitlines()]
        content = lines if "_msearch" in target else lines[0] if lines else None
        self.calls.append((method, target, content))
        if self.fails:
            raise self.fails
        answer = self.answer(method, unquote(target.partition("?")[0]), content)
        return (200, answer) if answer is not None else (404, {"found": False})

    def hits(self, body: Any) -> list[dict[str, Any]]:
        wanted = (body.get("query") or {}).get("ids", {}).get("values")
        return [
            {"_index": "images", "_id": id, "_score": 1.0, "_source": source, "sort": [number]}
            for number, (id, source) in enumerate(self.documents.items())
            if (wanted is None or id in wanted) and ("image.sha256" not in str(body) or "ab" * 32 in str(source))
        ]

    def answer(self, method: str, path: str, body: Any) -> Any:
        if method == "HEAD":
            return {}
        if path.endswith("_mapping"):
            return {"images": {"mappings": {"properties": {"title": {"type": "text"}, "image": mapping()}}}}
        if path.endswith("_pit"):
            return {"id": "pit"}
        if path.endswith("_msearch"):
            return {"responses": [{"hits": {"hits": self.hits(one)}} for one in body[1::2]]}
        if path.endswith("_search"):
            buckets = [{"key": "teal", "doc_count": 3}, {"key": 'a "b", c', "doc_count": 1}]
            aggregations = {
                "color": {"buckets": buckets},
                "stored_bytes": {"value": 3e4},
                "original_bytes": {"value": 1e5},
                "copies": {"buckets": []},
            }
            return {
                "hits": {"hits": self.hits(body), "total": {"value": len(self.documents)}},
                "aggregations": aggregations,
                "pit_id": "pit",
            }
        if path.endswith("_mget"):
            ids = body.get("ids") or [doc["_id"] for doc in body["docs"]]
            found = [{"_id": id, "_source": self.documents.get(id), "found": id in self.documents} for id in ids]
            return {"docs": [{"_index": "images", **doc} for doc in found]}
        if path.endswith("_simulate"):
            return {"docs": [self.simulated]}
        if method == "PUT":
            id = path.rpartition("/")[2]
            self.documents[id] = {**body, "image": stored()}
            return {"result": "created", "_index": "images"}
        id = path.split("/", 3)[3] if path.count("/") >= 3 else ""
        if id not in self.documents:
            return None
        return {"_index": "images", "_id": id, "found": True, "_source": self.documents[id]}


def make(es: FakeElasticsearch, **settings: Any) -> FlaskClient:
    hosts = frozenset({"localhost", "127.0.0.1"})
    app = create_app(es.client, GallerySettings(**{"hosts": hosts, "max_upload_bytes": 200_000, **settings}))
    app.testing = True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app.test_client()
