"""Fills a node's folder with what Elasticsearch's production main class expects."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from .errors import NodeError
from .folder import NodeFolder
from .versions import Version

BRIDGE = "elasticsearch-entitlement-bridge-"
# These belong to the network module, everything else to the server.
_NETWORK_JARS = ("transport-netty4-", "netty-", "elasticsearch-ssl-config-")
_LOG4J = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""
_ROOT_MODULE = """\
name=rest-root
description=Answers GET /
version={version}
elasticsearch.version={version}
java.version={release}
classname=org.ingestimage.embedded.restroot.RestRootPlugin
"""


def build_home(folder: NodeFolder, version: Version, elasticsearch: Path, ours: Path) -> None:
    """Lay out `lib` and `modules`, as hard links into the cache if the file system allows that."""
    lib, modules = folder.home / "lib", folder.home / "modules"
    network = modules / "transport-netty4"
    for jar in elasticsearch.glob("*.jar"):
        if jar.name.startswith(BRIDGE):
            _link(jar, folder.home / "bridge" / jar.name)
        else:
            _link(jar, (network if jar.name.startswith(_NETWORK_JARS) else lib) / jar.name)
    with zipfile.ZipFile(network / f"transport-netty4-{version.number}.jar") as jar_file:
        for name in ("plugin-descriptor.properties", "entitlement-policy.yaml"):
            (network / name).write_bytes(jar_file.read(f"META-INF/es-plugins/transport-netty4/{name}"))
    _link(ours / "agent.jar", lib / "entitlement-agent" / "agent.jar")
    _link(ours / "ansi-console.jar", lib / "tools" / "ansi-console" / "ansi-console.jar")
    _link(ours / "rest-root.jar", modules / "rest-root" / "rest-root.jar")
    descriptor = _ROOT_MODULE.format(version=version.number, release=version.java_release)
    (modules / "rest-root" / "plugin-descriptor.properties").write_text(descriptor, encoding="utf-8")
    (folder.home / "plugins").mkdir()


def install_plugin(folder: NodeFolder, plugin_zip: Path) -> None:
    """Unpack a plugin into `plugins/<its name>`.

    Raises:
        NodeError: the file is missing or not a plugin.
    """
    try:
        with zipfile.ZipFile(plugin_zip) as archive:
            descriptor = archive.read("plugin-descriptor.properties").decode()
            lines = (line.partition("=") for line in descriptor.splitlines())
            name = {key.strip(): value.strip() for key, _, value in lines}["name"]
            archive.extractall(folder.home / "plugins" / Path(name).name)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise NodeError(
            f"{plugin_zip} is not the zip of an Elasticsearch plugin ({error}); build it with `make plugin`."
        ) from error


def write_config(folder: NodeFolder, http_port: int, settings: Mapping[str, str]) -> None:
    """Write `elasticsearch.yml` and `log4j2.properties`.

    Raises:
        NodeError: a setting is one that the embedded node decides itself.
    """
    ours: dict[str, object] = {
        "path.data": str(folder.data),
        "path.logs": str(folder.logs),
        "network.host": "127.0.0.1",
        "http.port": http_port,
        # The node writes the port it got into logs/http.ports.
        "node.portsfile": True,
        # One node never talks to another; a free port lets several nodes run side by side.
        "transport.port": 0,
        "discovery.type": "single-node",
    }
    for key in settings:
        if key in ours or key.endswith(("host", "bind_host", "publish_host")):
            raise NodeError(f"The embedded node sets {key} itself (it listens on loopback only); leave it out.")
    defaults: dict[str, object] = {
        "cluster.name": "ingest-image",
        "node.name": "embedded",
        # A nearly full disk would make indices read-only.
        "cluster.routing.allocation.disk.threshold_enabled": False,
    }
    # A JSON string is also a YAML string, without surprises about colons, quotes or backslashes.
    lines = (f"{key}: {json.dumps(value)}\n" for key, value in (defaults | ours | dict(settings)).items())
    (folder.config / "elasticsearch.yml").write_text("".join(lines), encoding="utf-8")
    (folder.config / "log4j2.properties").write_text(_LOG4J, encoding="utf-8")


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)
