"""The plugin for any release of a known line, and what is said about others."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from embedded_node import NodeError, find_plugin_zip, plugin_zip
from embedded_node.versions import Version, line, version, versions
from ingest_image.cli import main

EACH = pytest.mark.parametrize("built", versions(), ids=lambda built: built.number)


def another_release(built: Version) -> str:
    return f"{line(built.number)}.999"


def content(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@EACH
def test_another_release_differs_in_one_line_of_the_descriptor(built: Version, tmp_path: Path) -> None:
    other = another_release(built)
    result = CliRunner().invoke(main, ["plugin", "--es-version", other, "--out", str(tmp_path / "new")])
    assert result.exit_code == 0, result.output
    made = tmp_path / "new" / Path(result.stdout.strip()).name
    assert made.name.endswith(f"-es{other}.zip") and list(made.parent.iterdir()) == [made]
    assert f"elasticsearch-plugin install file://{made}" in result.stderr
    before, after = content(find_plugin_zip(built.number)), content(made)
    lines = [each.pop(plugin_zip.DESCRIPTOR).decode().splitlines() for each in (before, after)]
    assert before == after and list(before) == list(after)
    assert set(lines[0]) ^ set(lines[1]) == {f"elasticsearch.version={built.number}", f"elasticsearch.version={other}"}


@EACH
def test_a_node_of_another_release_finds_it(built: Version, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_EMBEDDED_CACHE", str(tmp_path))
    other = another_release(built)
    assert find_plugin_zip(other).parent == tmp_path / "plugins"
    assert version(other).java_release == built.java_release


@pytest.mark.parametrize("number", ["7.17.0", "9.0.1", "10.5.3"])
def test_an_unknown_line_is_refused_with_what_to_do(number: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["plugin", "--es-version", number, "--out", str(tmp_path / "out")])
    assert result.exit_code == 1
    for words in (f"{number} is not supported", "9.5.x", "8.19.x", "versions.txt in a checkout and run `make plugin`"):
        assert words in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "number",
    [
        *("9.5", "9.5.3-SNAPSHOT", "newest", "v9.5.3", "9.5.2\nname=x", "9.5.2/../x", "9.5.3.1", "", " ", " 9.5.3"),
        *("9.5.03", "09.5.3", "9.5.1000", "9.5.\u0663"),
    ],
)
def test_what_is_no_release_is_refused(number: str) -> None:
    with pytest.raises(NodeError, match=r"is not a release .* three numbers .* \(GET /\), as \d+\.\d+\.\d+; .*\.$"):
        plugin_zip.make_plugin_zip(number, Path())


def test_a_build_for_exactly_that_release_is_preferred(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rows = tmp_path / "versions.txt"
    rows.write_text("9.5.3 21 es9 9.4.1  # a comment\n\n9.5.1 21 es9\n9.4.7 21 es9\n")
    monkeypatch.setattr("embedded_node.versions.VERSIONS_FILE", rows)
    found = {number: version(number).built_for for number in ("9.5.1", "9.5.2", "9.4.7", "9.4.6")}
    assert found == {"9.5.1": "9.5.1", "9.5.2": "9.5.3", "9.4.7": "9.4.7", "9.4.6": "9.5.3"}


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NodeError, match=r"^Cannot write .*: File exists; choose another folder\.$"):
        plugin_zip.make_plugin_zip(another_release(versions()[0]), tmp_path / "file")


def test_an_installation_without_a_plugin_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("embedded_node.versions.VERSIONS_FILE", tmp_path / "versions.txt")
    with pytest.raises(NodeError, match=r"^This installation brings no plugin .* install the wheel"):
        versions()
