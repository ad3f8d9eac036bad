"""Finding a JDK, and what is said when there is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from embedded_node import NodeError, jdk
from embedded_node.choice import choose
from embedded_node.places import ROOT
from embedded_node.versions import versions


def make_jdk(home: Path, version: str, *programs: str) -> Path:
    (home / "bin").mkdir(parents=True)
    (home / "release").write_text(f'IMPLEMENTOR="Test"\nJAVA_VERSION="{version}"\n')
    for program in programs or ("java", "javac"):
        (home / "bin" / program).touch(mode=0o755)
    return home


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without any JDK; what is made in the folder it returns is found."""
    for name in ("IMAGE_JAVA_HOME", "JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(jdk, "_SYSTEM_FOLDERS", ((tmp_path / "jvm", "*"),))
    return tmp_path / "jvm"


@pytest.mark.parametrize(("text", "release"), [("1.8.0_402", 8), ("17.0.15", 17), ("25", 25), ("26-ea", 26)])
def test_release(tmp_path: Path, text: str, release: int) -> None:
    found = jdk.inspect(make_jdk(tmp_path / "jdk", text))
    assert found and found.release == release


def test_a_runtime_without_javac_is_no_jdk(tmp_path: Path) -> None:
    assert jdk.inspect(make_jdk(tmp_path / "jre", "21.0.1", "java")) is None


def test_the_oldest_that_will_do(machine: Path) -> None:
    for version in ("25.0.1", "17.0.1", "21.0.1"):
        make_jdk(machine / version, version)
    assert [jdk.find_jdk(minimum).release for minimum in (17, 18, 22)] == [17, 21, 25]


def test_java_home_is_preferred(machine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_jdk(machine / "17", "17.0.1")
    monkeypatch.setenv("JAVA_HOME", str(make_jdk(tmp_path / "mine", "21.0.1")))
    assert jdk.find_jdk(17).release == 21


def test_java_on_the_path_and_in_sdkman(machine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_jdk(tmp_path / "home/.sdkman/candidates/java/25.0.1-tem", "25.0.1")
    home = make_jdk(tmp_path / "elsewhere", "21.0.1")
    (tmp_path / "usr-bin").mkdir()
    (tmp_path / "usr-bin" / "java").symlink_to(home / "bin" / "java")
    monkeypatch.setenv("PATH", str(tmp_path / "usr-bin"))
    assert [found.release for found in jdk.installed()] == [21, 25]


def test_none(machine: Path) -> None:
    with pytest.raises(
        NodeError, match=r"^No JDK 21 or newer with javac on this machine, found: none; .*IMAGE_JAVA_HOME"
    ):
        jdk.find_jdk(21)


def test_the_chosen_one_is_too_old(machine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_jdk(machine / "25", "25.0.1")
    monkeypatch.setenv("IMAGE_JAVA_HOME", str(make_jdk(tmp_path / "old", "11.0.2")))
    with pytest.raises(NodeError, match=r"on IMAGE_JAVA_HOME \(.*old\), found: 11 "):
        jdk.find_jdk(17)


def test_without_a_jdk_for_the_default_an_older_elasticsearch_is_started(machine: Path) -> None:
    default, *others = versions()
    make_jdk(machine / "17", "17.0.1")
    choice = choose(None)
    assert choice.version == others[0]
    assert choice.note == (
        f"Elasticsearch {default.number} needs a JDK {default.java_release} and only 17 was found, "
        f"so {others[0].number} is started."
    )
    with pytest.raises(NodeError, match="No JDK 21"):
        choose(default.number)


def test_an_unknown_version_lists_the_known_ones() -> None:
    with pytest.raises(NodeError, match=rf"7\.17\.0 is not supported: .* tried on {versions()[0].lines[0]}\.x, "):
        choose("7.17.0")


def test_as_a_program() -> None:
    command = [sys.executable, "-m", "embedded_node.jdk"]
    found = subprocess.run([*command, "17"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (Path(found.stdout.strip()) / "bin" / "javac").exists()
    missing = subprocess.run([*command, "999"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr.startswith("No JDK 999 or newer") and missing.stderr.count("\n") == 1
