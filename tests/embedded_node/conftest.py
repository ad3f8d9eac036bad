"""Real nodes of both versions, with a plugin that probes its entitlements."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded_node import EmbeddedNode
from embedded_node.choice import choose
from embedded_node.jars import elasticsearch_jars
from embedded_node.versions import versions

POLICY = "ALL-UNNAMED:\n  - outbound_network\n"


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A temporary folder that every user can reach: pytest's own cannot be entered by the node's user when we are root."""
    folder = Path(tempfile.mkdtemp(prefix="test-embedded-node-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def probe_plugin(es_version: str, folder: Path) -> Path:
    """Compile and zip ProbePlugin for that version."""
    choice = choose(es_version)
    jars = elasticsearch_jars(choice.version, choice.jdk)
    classes = folder / f"classes-{es_version}"
    source = Path(__file__).parent / "ProbePlugin.java"
    release = str(choice.version.java_release)
    command: list[str | Path] = [
        choice.jdk.javac,
        "--release",
        release,
        "-nowarn",
        "-cp",
        f"{jars}/*",
        "-d",
        classes,
        source,
    ]
    subprocess.run(command, check=True, capture_output=True)
    with zipfile.ZipFile(folder / "probe.jar", "w") as jar:
        for path in classes.iterdir():
            jar.write(path, path.name)
    descriptor = (
        "# a comment\nname=probe\ndescription=probes\nversion=1\nclassname=ProbePlugin\n"
        f"java.version={release}\nelasticsearch.version={es_version}\n"
    )
    target = folder / f"probe-{es_version}.zip"
    with zipfile.ZipFile(target, "w") as plugin:
        plugin.write(folder / "probe.jar", "probe.jar")
        plugin.writestr("plugin-descriptor.properties", descriptor)
        plugin.writestr("entitlement-policy.yaml", POLICY)
    return target


@pytest.fixture(scope="module", params=[version.number for version in versions()])
def node(request: pytest.FixtureRequest, open_folder: Path) -> Iterator[EmbeddedNode]:
    """A node in a throwaway folder; one version after the other, so that only one of them runs at a time."""
    number = request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMAGE_TOKEN", "only-for-the-parent")
        running = EmbeddedNode(
            es_version=number, plugin_zip=probe_plugin(number, open_folder), heap="512m", quick_start=True
        )
        with running:
            yield running
