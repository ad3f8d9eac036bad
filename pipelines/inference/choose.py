"""Chooses how a cluster reaches the processor service: our plugin, or Elasticsearch's `inference` processor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from elasticsearch import ApiError, AuthorizationException, Elasticsearch

from ..cluster.nodes import ingest_nodes
from ..cluster.reasons import reason_of
from ..cluster.sentences import INSTALL, CheckFailed
from ..resources import Body
from .endpoints import Service

Wish = Literal["auto", "plugin", "inference"]
# Nodes of these versions crash when an endpoint of service `custom` is used.
_BROKEN = ("8.19.17", "9.3.6")
LICENCES = ("enterprise", "trial")


@dataclass(frozen=True)
class Bridge:
    """The way that was chosen and why; `service` is the kind of endpoint, None with the plugin."""

    service: Service | None
    why: str

    def __str__(self) -> str:
        return f"bridge: {'inference' if self.service else 'plugin'} ({self.why})"


@dataclass(frozen=True)
class Node:
    """A node that runs pipelines."""

    name: str
    version: str
    processors: frozenset[str]

    def __str__(self) -> str:
        return f"{self.name} ({self.version})"

    @property
    def release(self) -> tuple[int, ...]:
        """The version as numbers."""
        return tuple(int(part) for part in self.version.partition("-")[0].split(".") if part.isdigit())


def choose(client: Elasticsearch, wish: Wish, start_trial: bool = False, dry_run: bool = False) -> Bridge:
    """The way to take. Raises CheckFailed when there is none."""
    nodes = _nodes(client)
    if nodes is None:
        # Installing will show whether this was right.
        return Bridge(None if wish != "inference" else "custom", "the user may not list the nodes")
    lacking = [str(node) for node in nodes if "image" not in node.processors]
    if wish != "inference" and not lacking:
        return Bridge(None, "every node with ingest role has the plugin")
    missing = f"the plugin ingest-image is missing on {', '.join(lacking)}"
    if wish == "plugin":
        raise CheckFailed(f"{missing}: {INSTALL}")
    if closed := without_inference(nodes):
        reason = closed
    else:
        suffices, licence = _licence(client, start_trial, dry_run)
        if suffices:
            why = "chosen by --bridge" if wish == "inference" else missing
            return Bridge(_service(nodes), f"{why}; licence: {licence}")
        reason = (
            f"the licence is {licence}, and inference endpoints need Enterprise or a trial "
            "(--start-trial starts one of 30 days, which a cluster has once)"
        )
    raise CheckFailed(reason if wish == "inference" else f"{missing}: {INSTALL}. There is no way without it: {reason}")


def _nodes(client: Elasticsearch) -> list[Node] | None:
    """Nodes that run pipelines; None without the privilege `monitor`."""
    try:
        return [_node(node) for node in ingest_nodes(client, ["ingest.processors"])]
    except AuthorizationException:
        return None


def _node(node: Body) -> Node:
    processors = node.get("ingest", {}).get("processors", ())
    return Node(node["name"], node["version"], frozenset(processor["type"] for processor in processors))


def without_inference(nodes: list[Node]) -> str | None:
    """Why these nodes cannot use the inference way; None when they can."""
    for node in nodes:
        if "inference" not in node.processors:
            return f"{node} has no inference processor (another distribution, or xpack.ml.enabled is false)"
        if node.version in _BROKEN:
            return f"{node} crashes when an inference endpoint of service custom is used: upgrade it first"
        if node.release < (8, 14):
            return f"{node} is too old for it: 8.14 is the first version whose endpoints can have another address"
    return None


def _service(nodes: list[Node]) -> Service:
    """`custom` if every node has it, otherwise `openai`."""
    has_custom = all((8, 19) <= node.release < (9, 0) or node.release >= (9, 1) for node in nodes)
    return "custom" if has_custom else "openai"


def _licence(client: Elasticsearch, start_trial: bool, dry_run: bool) -> tuple[bool, str]:
    """Whether the licence suffices, and which it is."""
    try:
        licence = client.license.get(accept_enterprise=True).body["license"]
    except AuthorizationException:
        # Creating the endpoint will show it.
        return True, "unknown, the user may not read it"
    except ApiError:
        return False, "none, as this Elasticsearch knows of no licences"
    kind = str(licence["type"])
    if kind in LICENCES and licence.get("status", "active") == "active":
        return True, kind
    if not start_trial:
        return False, kind if kind not in LICENCES else f"{kind}, but {licence['status']}"
    if dry_run:
        return True, "a trial, which would be started"
    try:
        answer = client.license.post_start_trial(acknowledge=True).body
    except ApiError as error:
        raise CheckFailed(f"the trial was not started: {reason_of(error)}") from error
    if not answer.get("trial_was_started"):
        raise CheckFailed(f"the trial was not started: {answer.get('error_message', 'no reason was given')}")
    return True, "a trial, started now"
