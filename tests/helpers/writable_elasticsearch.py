"""The same with documents that can be changed: sequence numbers, `_update`, `_bulk`."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.helpers.fake_elasticsearch import FakeElasticsearch


class WritableElasticsearch(FakeElasticsearch):
    """`versions` are the sequence numbers of changed documents; `refuses`: status and error of each write.

    `pipeline` is the default one of the index, `pipelines` are those that are installed, `tried` is what it makes of documents that are not stored, and
    `made` what it changes in those that are written.
    """

    def __init__(self) -> None:
        super().__init__()
        self.versions: dict[str, int] = {}
        self.mapping: dict[str, Any] = {}
        self.pipeline: str | None = None
        self.pipelines: dict[str, Any] = {"images": {"processors": [{"image": {}}]}}
        self.tried: list[Any] = []
        self.made: dict[str, Any] = {}
        self.refuses: tuple[int, dict[str, Any]] | None = None

    def change(self, id: str, **fields: Any) -> None:
        """Change a document, as somebody else would."""
        self.documents[id] = self.documents[id] | fields
        self.versions[id] = self.versions.get(id, 0) + 1

    def perform(self, method: str, target: str, body: bytes | None) -> tuple[int, Any]:
        path, asked = unquote(urlsplit(target).path), parse_qs(urlsplit(target).query)
        if path.endswith("/_bulk"):
            lines = [json.loads(line) for line in (body or b"").splitlines()]
            self.calls.append((method, target, lines))
            return 200, {"errors": False, "items": list(self._items([*lines]))}
        if "/_update/" in path:
            content = json.loads(body or b"{}")
            self.calls.append((method, target, content))
            return self._update(path.partition("/_update/")[2], int(asked["if_seq_no"][0]), content["doc"])
        status, answer = super().perform(method, target, body)
        if path.endswith("_mget"):
            for one in answer["docs"]:
                one |= {"_seq_no": self.versions.get(one["_id"], 0), "_primary_term": 1}
        return status, answer

    def answer(self, method: str, path: str, body: Any) -> Any:
        if path.endswith("_mapping") and self.mapping:
            return {"images": {"mappings": self.mapping}}
        if path == "/":
            return {"version": {"number": "9.5.3"}}
        if path.endswith("_refresh"):
            return {}
        if "/_settings" in path:
            named = {"index.default_pipeline": self.pipeline} if self.pipeline else {}
            return {"images": {"settings": {"index.uuid": "of-images", **named}}}
        if path == "/_ingest/pipeline":
            return self.pipelines
        if path.endswith("_simulate") and self.tried:
            return {"docs": self.tried}
        return super().answer(method, path, body)

    def _update(self, id: str, seq_no: int, changes: dict[str, Any]) -> tuple[int, Any]:
        if self.refuses:
            return self.refuses[0], {"error": self.refuses[1]}
        if id not in self.documents:
            return 404, {"error": {"type": "document_missing_exception", "reason": "missing"}}
        if seq_no != self.versions.get(id, 0):
            return 409, {"error": {"type": "version_conflict_engine_exception", "reason": "conflict"}}
        image = self.documents[id].get("image")
        if isinstance(image, dict) and isinstance(changes.get("image"), dict):
            changes = changes | {"image": image | changes["image"]}
        self.change(id, **changes)
        return 200, {"result": "updated"}

    def _items(self, lines: list[Any]) -> Any:
        while lines:
            ((kind, about),) = lines.pop(0).items()
            id, source = about["_id"], lines.pop(0) if kind != "delete" else None
            status = 200
            if id not in self.documents:
                status = 404
            elif about["if_seq_no"] != self.versions.get(id, 0):
                status = 409
            elif self.refuses:
                status = self.refuses[0]
            elif source is None:
                del self.documents[id]
            else:
                self.change(id, **source | self.made)
            error = {"error": self.refuses[1] if self.refuses else {"reason": "no"}} if status >= 400 else {}
            yield {kind: {"_index": about["_index"], "_id": id, "status": status, **error}}
