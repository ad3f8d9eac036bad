"""What Maven brings into the build of Elasticsearch's image: each file by its hash, with the Dockerfile's own command."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from embedded_node import jdk
from tests.helpers.paths import ROOT

DOCKERFILE = (ROOT / "docker/elasticsearch/Dockerfile").read_text()
LIST = ROOT / "docker/elasticsearch/checksums.sha256"
PLUGIN = ROOT / "elasticsearch_plugin"
VERSION = next(line.split()[0] for line in (PLUGIN / "versions.txt").read_text().splitlines() if line[0].isdigit())
POM = {"": "http://maven.apache.org/POM/4.0.0"}
# It runs for seconds: half of the processor time.
COMPILED_LIGHTLY = {"MAVEN_OPTS": "-XX:TieredStopAtLevel=1"}


def hashes() -> dict[str, str]:
    """By the place in a repository."""
    pairs = [line.split("  ", 1) for line in LIST.read_text().splitlines()]
    return {path: number for number, path in pairs}


def test_each_file_has_one_hash() -> None:
    listed = hashes()
    assert len(listed) == len(LIST.read_text().splitlines()) > 300
    assert all(re.fullmatch("[0-9a-f]{64}", number) for number in listed.values())
    assert all(re.fullmatch(r"[\w./+-]+\.(jar|pom)", path) for path in listed)


def test_what_the_plugin_is_built_with_is_listed_in_its_version() -> None:
    listed = hashes()
    lines = [line.split()[0] for line in (PLUGIN / "versions.txt").read_text().splitlines() if line[0].isdigit()]
    wanted = [("org.elasticsearch", "elasticsearch", version) for version in lines]
    for kind in ("plugin", "dependency"):
        for one in ElementTree.parse(PLUGIN / "pom.xml").iterfind(f".//{kind}", POM):
            group, name, version = (one.findtext(what, "", POM) for what in ("groupId", "artifactId", "version"))
            # Tests are not compiled there.
            if one.findtext("scope", "", POM) != "test" and not version.startswith("$"):
                wanted.append((group, name, version))
    assert len(wanted) > len(lines) + 5
    for group, name, version in wanted:
        path = f"{group.replace('.', '/')}/{name}/{version}/{name}-{version}.jar"
        assert path in listed, f"{path}: run docker/lock-maven"


@pytest.fixture(scope="module")
def maven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Maven of the Dockerfile, its folder `bin`."""
    folder = tmp_path_factory.mktemp("maven")
    (version,) = re.findall(r"^FROM maven:([\d.]+)", DOCKERFILE, re.MULTILINE)
    copy = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
    command = ["mvn", "-q", "-B", "-ntp", copy, f"-Dartifact=org.apache.maven:apache-maven:{version}:zip:bin"]
    command.append(f"-DoutputDirectory={folder}")
    subprocess.run(command, env={**os.environ, **COMPILED_LIGHTLY}, check=True, capture_output=True)
    with zipfile.ZipFile(folder / f"apache-maven-{version}-bin.zip") as file:
        file.extractall(folder)
    (folder / f"apache-maven-{version}/bin/mvn").chmod(0o755)
    return folder / f"apache-maven-{version}/bin"


def built(maven: Path, folder: Path, checksums: str) -> subprocess.CompletedProcess[str]:
    """What the Dockerfile runs, on what it copies; Maven has here what it has downloaded before, and checks that, too."""
    (folder / "checksums").mkdir(parents=True)
    (folder / "checksums" / LIST.name).write_text(checksums)
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(PLUGIN, folder / PLUGIN.name, ignore=shutil.ignore_patterns("target", "test*"))
    (run,) = re.findall(r"^RUN --mount=type=cache,target=/maven \\\n((?:.*\\\n)*.*)$", DOCKERFILE, re.MULTILINE)
    command = run.replace(" -Dmaven.repo.local=/maven", "").replace("=/checksums", f"={folder}/checksums")
    home = jdk.find_jdk(21).home
    env = {
        "PATH": f"{maven}:/usr/bin:/bin",
        "HOME": str(Path.home()),
        "JAVA_HOME": str(home),
        "ELASTIC_VERSION": VERSION,
        **COMPILED_LIGHTLY,
    }
    return subprocess.run(["sh", "-c", command], cwd=folder, env=env, capture_output=True, text=True)


def test_the_plugin_is_built_of_the_listed_files(maven: Path, tmp_path: Path) -> None:
    result = built(maven, tmp_path, LIST.read_text())
    assert result.returncode == 0, result.stdout + result.stderr
    with zipfile.ZipFile(tmp_path / "ingest-image.zip") as file:
        assert file.read("LICENSE.txt") == (ROOT / "LICENSE").read_bytes()


@pytest.mark.parametrize("kind", ["jar", "pom"])
def test_a_file_with_another_hash_or_with_none_ends_the_build(maven: Path, tmp_path: Path, kind: str) -> None:
    path = next(path for path in hashes() if re.search(rf"/maven-resources-plugin-[\d.]+\.{kind}$", path))
    other = LIST.read_text().replace(hashes()[path], "0" * 64)
    result = built(maven, tmp_path / "other", other)
    assert result.returncode and "trusted checksum mismatch" in result.stdout, result.stdout
    missing = "".join(line for line in LIST.read_text().splitlines(True) if path not in line)
    result = built(maven, tmp_path / "missing", missing)
    assert result.returncode and "Missing from summaryFile" in result.stdout, result.stdout
