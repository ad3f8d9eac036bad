"""What is said when a node cannot be prepared: cache, plugin, settings, folder. No node is started here."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from embedded_node import EmbeddedNode, NodeError, find_plugin_zip, folder, jars, places, plugin_zip, versions
from embedded_node.choice import choose
from embedded_node.commands import node
from embedded_node.distribution import build_home, install_plugin, write_config
from embedded_node.folder import NodeFolder
from embedded_node.jdk import Jdk
from embedded_node.launch import node_input
from embedded_node.readiness import why_it_ended
from embedded_node.run_as import Account, other_account

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the node to another user")


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("IMAGE_EMBEDDED_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def prepared(tmp_path: Path) -> NodeFolder:
    """A node's folder, no longer locked, without another user."""
    made = NodeFolder(tmp_path / "node", None)
    made.close()
    return made


def fake_maven(folder: Path, script: str) -> str:
    folder.mkdir()
    (folder / "mvn").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "mvn").chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_without_maven(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    choice = choose(None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        NodeError, match=rf"^Maven \(mvn\) is not on the PATH; .* {choice.version.number} .*install it\.$"
    ):
        jars.elasticsearch_jars(choice.version, choice.jdk)


def test_a_failed_download_leaves_nothing_behind(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    choice = choose(None)
    script = 'echo "[ERROR] Could not resolve host"; echo "[ERROR] more"; exit 1'
    monkeypatch.setenv("PATH", fake_maven(tmp_path / "bin", script))
    with pytest.raises(NodeError, match=r"could not download .* check the network .*: Could not resolve host$"):
        jars.elasticsearch_jars(choice.version, choice.jdk)
    assert list((cache / choice.version.number).iterdir()) == []


def test_the_download_happens_once(cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    choice = choose(None)
    script = f'echo called >> {tmp_path}/calls; for last; do :; done; touch "${{last#-DoutputDirectory=}}/a.jar"'
    monkeypatch.setenv("PATH", fake_maven(tmp_path / "bin", script))
    for _ in range(2):
        found = jars.elasticsearch_jars(choice.version, choice.jdk)
        assert [path.name for path in found.iterdir()] == ["a.jar"]
    assert (tmp_path / "calls").read_text() == "called\n"
    assert [path.name for path in (cache / choice.version.number).iterdir()] == ["jars"]


def test_an_unwritable_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("IMAGE_EMBEDDED_CACHE", str(tmp_path / "file"))
    choice = choose(None)
    with pytest.raises(NodeError, match=r"Cannot write to the cache: .* set IMAGE_EMBEDDED_CACHE"):
        jars.elasticsearch_jars(choice.version, choice.jdk)


def test_jars_are_copied_when_they_cannot_be_linked(prepared: NodeFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    choice = choose(None)
    elasticsearch = jars.elasticsearch_jars(choice.version, choice.jdk)
    ours = jars.our_jars(choice.version, choice.jdk, elasticsearch)

    def refuse(source: Path, target: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    build_home(prepared, choice.version, elasticsearch, ours)
    copied = prepared.home / "lib" / f"elasticsearch-{choice.version.number}.jar"
    assert copied.stat().st_nlink == 1
    assert not list((prepared.home / "lib").glob("netty-*")), "netty belongs to its module"


def test_no_plugin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(plugin_zip, "PLUGIN_ZIPS", tmp_path)
    with pytest.raises(NodeError, match=r"^There is no plugin for Elasticsearch 9\.5\.3 .*`make plugin`"):
        find_plugin_zip("9.5.3")


def test_the_newest_plugin_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(plugin_zip, "PLUGIN_ZIPS", tmp_path)
    for age, name in enumerate(("0.2.0-es9.5.3", "0.1.0-es9.5.3", "0.3.0-es8.19.21")):
        (tmp_path / f"ingest-image-{name}.zip").touch()
        os.utime(tmp_path / f"ingest-image-{name}.zip", (0, 1000 - age))
    assert find_plugin_zip("9.5.3").name == "ingest-image-0.2.0-es9.5.3.zip"


def test_something_else_instead_of_a_plugin(prepared: NodeFolder, tmp_path: Path) -> None:
    with pytest.raises(NodeError, match=r"missing.zip is not the zip of an Elasticsearch plugin"):
        install_plugin(prepared, tmp_path / "missing.zip")
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(NodeError, match=r"text.zip is not the zip"):
        install_plugin(prepared, tmp_path / "text.zip")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as other:
        other.writestr("readme", "")
    with pytest.raises(NodeError, match=r"other.zip is not the zip"):
        install_plugin(prepared, tmp_path / "other.zip")


@pytest.mark.parametrize("key", ["network.host", "http.publish_host", "path.data", "transport.port", "http.port"])
def test_settings_that_are_ours(prepared: NodeFolder, key: str) -> None:
    with pytest.raises(NodeError, match=f"sets {key} itself"):
        write_config(prepared, 0, {key: "x"})


def test_settings_of_the_user_win_over_defaults(prepared: NodeFolder) -> None:
    write_config(prepared, 0, {"cluster.name": "mine: 'really' \"quoted\""})
    assert r'cluster.name: "mine: ' in (prepared.config / "elasticsearch.yml").read_text()


def test_a_folder_of_somebody_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters").touch()
    with pytest.raises(NodeError, match="is neither empty nor the folder of an embedded node"):
        NodeFolder(tmp_path, None)
    assert [path.name for path in tmp_path.iterdir()] == ["letters"]


@as_root
def test_a_folder_out_of_reach(open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(
        NodeError, match=r"refuses to run as root, and its user \w+ cannot get to .*closed/node; .*--data"
    ):
        NodeFolder(closed / "node", other_account())


@as_root
def test_a_checkout_out_of_reach(monkeypatch: pytest.MonkeyPatch, open_folder: Path, tmp_path: Path) -> None:
    """As after `cd $(mktemp -d) && git clone`: the data then lives below a folder that everybody can reach."""
    checkout = open_folder / "checkout"
    checkout.mkdir(mode=0o700)
    monkeypatch.setattr(places, "ROOT", checkout)
    monkeypatch.setattr(folder, "_SHARED", open_folder)
    version, account = versions.versions()[0], other_account()
    found = folder.default_folder(version, account)
    assert found.parent.parent == open_folder and found.name == version.number
    NodeFolder(found, account).close()
    checkout.chmod(0o755)
    assert folder.default_folder(version, account) == checkout / ".embedded" / "data" / version.number
    # Somebody else was there first, with a folder of the same name.
    os.chown(found.parent, 1234, 1234)
    checkout.chmod(0o700)
    with pytest.raises(NodeError, match="belongs to somebody else"):
        folder.default_folder(version, account)


@as_root
def test_kept_data_is_handed_over(open_folder: Path) -> None:
    account = other_account()
    assert account
    NodeFolder(open_folder / "handed", None).close()
    (open_folder / "handed" / "data" / "indices").mkdir()
    stranger = Account("stranger", 1234, 1234)
    for user in (account, stranger):
        NodeFolder(open_folder / "handed", user).close()
        assert (open_folder / "handed" / "data" / "indices").stat().st_uid == user.uid


def test_the_command_says_it_in_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(plugin_zip, "PLUGIN_ZIPS", tmp_path)
    for arguments, said in (
        (["--es-version", "1.2.3"], "Error: Elasticsearch 1.2.3 is not supported"),
        ([], "Error: There is no plugin for Elasticsearch"),
        (["--setting", "nonsense"], "'nonsense' is not of the form name=value"),
        (["--token-file", "missing"], "'missing' does not exist"),
    ):
        result = CliRunner().invoke(node, arguments)
        assert result.exit_code != 0
        assert said in result.output
    with pytest.raises(NodeError, match="not supported"):
        EmbeddedNode(es_version="1.2.3")


def test_nodes_with_the_same_secrets_share_a_keystore(
    prepared: NodeFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Another one is never left in its place."""
    keystore, written = prepared.config / "elasticsearch.keystore", []

    def writes_what_is_missing(command: list[str], input: bytes, **_: Any) -> subprocess.CompletedProcess[bytes]:
        if not keystore.exists():
            written.append(input)
            keystore.write_bytes(input)
        return subprocess.CompletedProcess(command, 0, b"", b"")

    monkeypatch.setattr(subprocess, "run", writes_what_is_missing)
    for token in ("one", "one", "two", "one"):
        node_input(prepared, Jdk(tmp_path, 21), tmp_path, {"token": token})
        assert keystore.read_bytes() == f"token={token}\n".encode()
    assert written == [b"token=one\n", b"token=two\n"]


def test_a_lock_that_cannot_be_had_is_not_somebody_else_s(tmp_path: Path) -> None:
    """As in a chroot whose root is no mount point: nobody could find the other Elasticsearch, because there is none."""
    log = tmp_path / "node.log"
    head = "java.lang.IllegalStateException: failed to obtain node locks, tried [/data]; maybe these locations are not"
    log.write_text(f"{head} writable\nCaused by: java.io.IOException: Mount point not found\n")
    assert why_it_ended(log, 1, tmp_path, 9200).endswith(log.read_text().strip())
    log.write_text(
        f"{head} writable\nCaused by: ...LockObtainFailedException: Lock held by another program: node.lock\n"
    )
    assert why_it_ended(log, 1, tmp_path, 9200).startswith(f"Another Elasticsearch uses {tmp_path}")
