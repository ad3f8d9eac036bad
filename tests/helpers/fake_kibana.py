"""A stand-in for Kibana's saved objects, which looks at each request as Kibana does."""

from __future__ import annotations

import json
import re
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


class Server(ThreadingHTTPServer):
    """Answers like Kibana's saved objects, or with `refusal` first."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects: dict[tuple[str, str], Json] = {}
        self.seen: list[tuple[str, str, Message]] = []
        self.refusals: list[tuple[int, Json]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self._refused():
            return
        assert self.path.endswith("/api/saved_objects/_import?overwrite=true")
        form = message_from_bytes(f"Content-Type: {self.headers['Content-Type']}\n\n".encode() + body)
        assert form.get_content_type() == "multipart/form-data"
        parts = form.get_payload()
        assert isinstance(parts, list)
        (part,) = parts
        assert isinstance(part, Message)
        # Kibana looks at both.
        assert part.get_param("name", header="content-disposition") == "file"
        assert str(part.get_filename()).endswith(".ndjson")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        results = []
        for line in content.decode().splitlines():
            one = json.loads(line)
            key = one["type"], one["id"]
            results.append({"type": key[0], "id": key[1]} | ({"overwrite": True} if key in self.server.objects else {}))
            self.server.objects[key] = one
        self._answer(200, {"success": True, "successCount": len(results), "successResults": results})

    def do_DELETE(self) -> None:
        if self._refused():
            return
        if found := re.fullmatch(r"/api/data_views/data_view/([\w-]+)", self.path):
            key = "index-pattern", found[1]
        else:
            found = re.fullmatch(r"/api/saved_objects/([\w-]+)/([\w-]+)\?force=true", self.path)
            assert found, self.path
            key = found[1], found[2]
        if self.server.objects.pop(key, None):
            self._answer(200, {})
        else:
            self._answer(404, {"statusCode": 404, "message": f"Saved object [{key[0]}/{key[1]}] not found"})

    def _refused(self) -> bool:
        self.server.seen.append((self.command, self.path, self.headers))
        if not self.headers["kbn-xsrf"]:
            self._answer(400, {"message": "Request must contain a kbn-xsrf header."})
        elif self.server.refusals:
            self._answer(*self.server.refusals.pop(0))
        else:
            return False
        return True

    def _answer(self, status: int, body: Json) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass
