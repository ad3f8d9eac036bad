"""A cluster with Elastic's own parts as `bootstrap` sees it: licence, endpoints, pipelines, templates; all in memory.

An endpoint that is created asks the service once, as the elected master does, and simulated documents go through
OpenSearch's processors.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from pipelines.resources import Kind, Resource

from .stock import PipelineFailed, StockProcessors

Answer = tuple[int, dict[str, Any]]
Body = dict[str, Any]


class Cluster:
    """The state, the requests that changed it (`log`), and the server at `url`."""

    def __init__(self, stock: StockProcessors) -> None:
        self.version, self.licence, self.licence_status, self.trial_left = "9.5.3", "trial", "active", True
        self.processors = ["set", "inference"]
        # Nodes beside the first one, as `GET _nodes` shows them; `node` makes them.
        self.others: list[Body] = []
        self.endpoints: dict[str, Body] = {}
        self.pipelines: dict[str, Body] = {}
        self.components: dict[str, Body] = {}
        self.templates: dict[str, Body] = {}
        self.settings: dict[str, Any] = {}
        self.log: list[str] = []
        # Paths that the user may not ask for.
        self.forbidden: set[str] = set()
        self._stock = stock
        cluster = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(length)) if length else {}
                parts = urlsplit(self.path)
                status, reply = cluster.handle(self.command, parts.path, parse_qs(parts.query), body)
                data = json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("X-Elastic-Product", "Elasticsearch")
                self.send_header("Content-Type", self.headers.get("Accept", "application/json"))
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_PUT = do_POST = do_DELETE = answer

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def state(self) -> Any:
        return json.loads(
            json.dumps([self.endpoints, self.pipelines, self.components, self.templates, self.settings, self.licence])
        )

    def handle(self, method: str, path: str, query: dict[str, list[str]], body: Body) -> Answer:
        routes: list[tuple[str, Callable[..., Answer]]] = [
            (r"/", lambda *_: (200, {"version": {"number": self.version}, "cluster_uuid": "stand-in"})),
            (r"/_nodes/ingest(?:,plugins,settings)?", self._nodes),
            (r"/_nodes/stats/.*", lambda *_: (200, {"nodes": {}})),
            (r"/_license", lambda *_: (200, {"license": {"type": self.licence, "status": self.licence_status}})),
            (r"/_license/start_trial", self._start_trial),
            (r"/_inference", lambda *_: (200, {"endpoints": [_shown(i, b) for i, b in self.endpoints.items()]})),
            (r"/_inference/completion/([^/]+)", self._endpoint),
            (r"/_ingest/pipeline/([^/]+)/_simulate", self._simulate),
            (r"/_ingest/pipeline(?:/([^/]+))?", self._pipeline),
            (
                r"/_index_template/_simulate_index/.*",
                lambda *_: (200, {"template": self.templates["images"]["template"]}),
            ),
            (r"/_index_template", self._all_templates),
            (r"/_index_template/([^/]+)", self._template),
            (r"/_component_template/([^/]+)", self._component),
            (r"/_cluster/settings", self._cluster_settings),
            (r"/_resolve/index/.*", lambda *_: (200, {"indices": []})),
            # No index yet.
            (r"/images\*", lambda *_: (200, {})),
            (r"/[^/]*/_settings/.*", lambda *_: (200, {})),
        ]
        if path in self.forbidden:
            return 403, _error(f"action on [{path}] is unauthorized for user [someone]")
        for pattern, route in routes:
            if found := re.fullmatch(pattern, path):
                status, answer = route(method, body, query, *found.groups())
                if method in ("PUT", "DELETE") and status == 200:
                    self.log.append(f"{method} {path}")
                return status, answer
        return 400, _error(f"no handler found for uri [{path}] and method [{method}]")

    def _nodes(self, *_: Any) -> Answer:
        nodes = [node("node-1", self.version, self.processors), *self.others]
        return 200, {"nodes": {str(number): each for number, each in enumerate(nodes)}}

    def _all_templates(self, *_: Any) -> Answer:
        found = [{"name": name, "index_template": template} for name, template in self.templates.items()]
        return 200, {"index_templates": found}

    def _start_trial(self, *_: Any) -> Answer:
        if not self.trial_left:
            reason = "Operation failed: Trial was already activated."
            return 403, {"acknowledged": True, "trial_was_started": False, "error_message": reason}
        self.licence, self.trial_left = "trial", False
        self.log.append("POST /_license/start_trial")
        return 200, {"acknowledged": True, "trial_was_started": True, "type": "trial"}

    def _endpoint(self, method: str, body: Body, query: dict[str, list[str]], id_: str) -> Answer:
        if method == "PUT":
            if id_ in self.endpoints:
                return 400, _error(f"Inference endpoint [{id_}] already exists")
            refusal = _probe(body)
            if refusal is None:
                self.endpoints[id_] = body
            return refusal or (200, _shown(id_, body))
        if id_ not in self.endpoints:
            return 404, _error(f"Inference endpoint not found [{id_}]")
        if method == "DELETE":
            users = [name for name, pipeline in self.pipelines.items() if id_ in json.dumps(pipeline)]
            if users and query.get("force") != ["true"]:
                return 409, _error(f"Inference endpoint {id_} is referenced by pipelines: {users}. Ensure that ...")
            del self.endpoints[id_]
            return 200, {"acknowledged": True, "pipelines": []}
        return 200, {"endpoints": [_shown(id_, self.endpoints[id_])]}

    def _simulate(self, method: str, body: Body, query: Any, id_: str) -> Answer:
        endpoints = [Resource(Kind.ENDPOINT, name, endpoint) for name, endpoint in self.endpoints.items()]
        (doc,) = body["docs"]
        if id_ not in self.pipelines:
            return 400, _error(f"pipeline with id [{id_}] does not exist")
        try:
            stored = self._stock.run(self.pipelines[id_], endpoints, doc["_source"])
        except PipelineFailed as failure:
            return 200, {"docs": [_error(str(failure))]}
        return 200, {"docs": [{"doc": {"_source": stored}}]}

    def _pipeline(self, method: str, body: Body, query: Any, id_: str | None) -> Answer:
        if method == "PUT" and id_:
            self.pipelines[id_] = body
        elif method == "DELETE" and id_:
            del self.pipelines[id_]
        elif id_ is None:
            return 200, self.pipelines
        else:
            return (200, {id_: self.pipelines[id_]}) if id_ in self.pipelines else (404, {})
        return 200, {"acknowledged": True}

    def _template(self, method: str, body: Body, query: Any, name: str) -> Answer:
        if method == "PUT":
            self.templates[name] = body
        elif name not in self.templates:
            return 404, _error(f"index template matching [{name}] not found")
        elif method == "DELETE":
            del self.templates[name]
        else:
            return 200, {"index_templates": [{"name": name, "index_template": self.templates[name]}]}
        return 200, {"acknowledged": True}

    def _component(self, method: str, body: Body, query: Any, name: str) -> Answer:
        if method == "PUT":
            self.components[name] = body
        elif name not in self.components:
            return 404, _error(f"component template matching [{name}] not found")
        elif method == "DELETE":
            del self.components[name]
        else:
            shown = {"name": name, "component_template": self.components[name]}
            return 200, {"component_templates": [shown]}
        return 200, {"acknowledged": True}

    def _cluster_settings(self, method: str, body: Body, *_: Any) -> Answer:
        if method == "PUT":
            self.settings |= body["persistent"]
        return 200, {"persistent": self.settings, "transient": {}, "defaults": {"http.max_content_length": "100mb"}}


def node(name: str, version: str, processors: list[str], roles: tuple[str, ...] = ("ingest", "data")) -> Body:
    """A node as `GET _nodes` shows it."""
    shown = [{"type": each} for each in processors]
    return {"name": name, "version": version, "roles": list(roles), "ingest": {"processors": shown}}


def _probe(endpoint: Body) -> Answer | None:
    """What the elected master does with a new endpoint: one call with `how big`."""
    settings = endpoint["service_settings"]
    if endpoint["service"] == "custom":
        secret = settings["secret_parameters"]["token"]
        body = settings["request"].replace("${input}", '"how big"')
        headers = {name: value.replace("${token}", secret) for name, value in settings["headers"].items()}
    else:
        message = {"role": "user", "content": "how big"}
        body = json.dumps({"messages": [message], "model": settings["model_id"], "n": 1})
        headers = {"Authorization": f"Bearer {settings['api_key']}"}
    try:
        answer = requests.post(settings["url"], data=body.encode(), headers=headers, timeout=60)
    except requests.ConnectionError:
        return 400, _error("Could not complete inference endpoint creation", "Connection refused")
    if answer.status_code != 200:
        reason = f"Received an unsuccessful status code. Status: [{answer.status_code}]. Error: [{answer.text}]"
        return answer.status_code, _error("Could not complete inference endpoint creation", reason)
    return None


def _shown(id_: str, body: Body) -> Body:
    """An endpoint as it can be read back: without what is secret."""
    secrets = ("secret_parameters", "api_key")
    settings = {key: value for key, value in body["service_settings"].items() if key not in secrets}
    return {"inference_id": id_, "task_type": "completion", "service": body["service"], "service_settings": settings}


def _error(reason: str, cause: str | None = None) -> Body:
    error: Body = {"type": "status_exception", "reason": reason}
    if cause:
        error["caused_by"] = {"type": "exception", "reason": cause}
    return {"error": error}
