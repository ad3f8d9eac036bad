"""Elasticsearch itself: version, licence, the plugin on every node."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator

from elasticsearch import ApiError

from pipelines.cluster.sentences import INSTALL
from pipelines.inference.choose import LICENCES
from pipelines.wording import counted

from .finding import Finding, error, ok, warn
from .installation import Installation

PLUGIN = "ingest-image"


def version(installation: Installation) -> Iterator[Finding]:
    """Elasticsearch is 8.19, or 9.1 or newer."""
    number = installation.client.info().body["version"]["number"]
    major, minor = (int(part) for part in number.split(".")[:2])
    if (major, minor) == (8, 19) or (major == 9 and minor >= 1):
        yield ok(f"Elasticsearch {number}")
    elif major < 8:
        yield error(f"Elasticsearch {number} is too old", "upgrade to 8.19 or newer")
    else:
        yield warn(f"Elasticsearch {number} was never tested with this program", "8.19 and 9.1 or newer are supported")


def licence(installation: Installation) -> Iterator[Finding]:
    """The licence has not expired.

    The plugin needs none. Pipelines that use inference endpoints need Enterprise or a trial.
    """
    try:
        found = installation.client.license.get(accept_enterprise=True).body["license"]
    except ApiError:
        yield ok("no licence API here; the plugin needs no licence")
        return
    if installation.without_plugin and (found.get("type") not in LICENCES or found.get("status") == "expired"):
        state = " and has expired" if found.get("status") == "expired" else ""
        yield error(
            f"the pipelines go through inference endpoints, for which the licence ({found.get('type')}{state}) "
            "is not enough: pictures are stored unprocessed, with an error",
            "an Enterprise licence, or the plugin: install it on every node with ingest role and run ingest-image "
            "bootstrap --bridge plugin; then ingest-image reprocess INDEX --errors",
        )
    elif found.get("status") == "expired":
        yield error(
            f"the licence ({found.get('type')}) has expired, so parts of Elasticsearch do not work",
            "renew it, or return to basic with POST /_license/start_basic?acknowledge=true; the plugin works with it",
        )
    else:
        yield ok(f"licence {found.get('type')}; the plugin works with any, the inference way needs trial or enterprise")


def plugin(installation: Installation) -> Iterator[Finding]:
    """Every node with ingest role has the plugin, in one version, which is this program's."""
    here = importlib.metadata.version("ingest-image")
    versions: dict[str, list[str]] = {}
    missing_on = []
    for node in installation.nodes:
        found = [entry["version"] for entry in node.get("plugins", ()) if entry["name"] == PLUGIN]
        if not found:
            missing_on.append(f"{node['name']} ({node['version']})")
        for number in found:
            versions.setdefault(number, []).append(node["name"])
    if missing_on and installation.without_plugin:
        yield ok("the pipelines need no plugin: they go through inference endpoints")
    elif missing_on:
        yield error(f"the plugin {PLUGIN} is missing on {', '.join(missing_on)}", INSTALL)
    if len(versions) > 1:
        parts = "; ".join(f"{number} on {', '.join(names)}" for number, names in sorted(versions.items()))
        yield error(f"the nodes have different versions of the plugin: {parts}", f"install {here} on all of them")
    elif versions and here not in versions:
        (number,) = versions
        yield warn(
            f"the plugin is version {number}, this program is {here}",
            "upgrade plugin, service and definitions together (docs/bootstrap.md, Upgrade)",
        )
    elif versions and not missing_on:
        yield ok(f"plugin {here} on {counted(len(installation.nodes), 'ingest node')}")
