"""What the service's image installs: each file by its hash, and the licence of each package."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.helpers.locked import FOLDER, locked
from tests.helpers.paths import ROOT

DEVELOPMENT = "../development-requirements.txt"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# Where the image runs: Python's own platform for Docker on PCs.
LINUX = {"sys_platform": "linux", "platform_machine": "x86_64", "platform_system": "Linux", "extra": ""}
# Of other licences somebody has to think first. MPL is for the files of a package, LGPL for a shared object of a wheel.
KNOWN = re.compile(
    r"MIT|MIT-0|MIT-CMU|MIT License|BSD License|3-Clause BSD License|BSD-[23]-Clause|0BSD|Apache-2\.0|Apache Software License|PSF-2\.0|Zlib|CC0-1\.0|MPL-2\.0"
    r"|Python Software Foundation License|Mozilla Public License 2\.0 \(MPL 2\.0\)|Zope Public License"
    r"|GNU Lesser General Public License v3 \(LGPLv3\)"
)


@pytest.mark.parametrize("name", ["requirements.txt", "build-requirements.txt", DEVELOPMENT])
def test_each_package_has_one_version_and_hashes(name: str) -> None:
    packages = locked(name)
    assert packages
    for package, (version, _, hashes) in packages.items():
        assert re.fullmatch(r"[\w.]+", version), package
        assert hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes), package


@pytest.mark.parametrize("trusted", [False, True], ids=["another file", "the file"])
def test_another_file_of_the_name_is_refused(tmp_path: Path, trusted: bool) -> None:
    """By pip itself, as the image calls it."""
    version, _, hashes = locked("requirements.txt")["click"]
    wheel = tmp_path / f"click-{version}-py3-none-any.whl"
    about = {"METADATA": f"Metadata-Version: 2.1\nName: click\nVersion: {version}\n", "WHEEL": "Wheel-Version: 1.0\n"}
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in {**about, "RECORD": ""}.items():
            archive.writestr(f"click-{version}.dist-info/{name}", text)
    if trusted:
        hashes = [f"sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"]
    (tmp_path / "requirements.txt").write_text(" ".join([f"click=={version}", *(f"--hash={one}" for one in hashes)]))
    pip = [sys.executable, "-m", "pip", "download", "--require-hashes", "--only-binary", ":all:", "--no-deps"]
    here = ["--no-index", "--find-links", ".", "--requirement", "requirements.txt", "--dest", "taken"]
    ran = subprocess.run([*pip, *here], cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert (ran.returncode == 0) is trusted
    assert ("DO NOT MATCH THE HASHES" in ran.stderr) is not trusted


def test_what_the_package_needs_is_locked_within_its_bounds() -> None:
    project = PROJECT["project"]
    extras = project["optional-dependencies"]
    of_image = [each for name in ("heic", "recognition", "store", "telemetry") for each in extras[name]]
    for wanted in map(Requirement, [*project["dependencies"], *of_image]):
        version = locked("requirements.txt")[canonicalize_name(wanted.name)][0]
        assert wanted.specifier.contains(version), f"{wanted}, but {version} is locked: run docker/lock"
    for wanted in map(Requirement, PROJECT["build-system"]["requires"]):
        assert wanted.specifier.contains(locked("build-requirements.txt")[canonicalize_name(wanted.name)][0])


def test_what_development_needs_is_locked_within_its_bounds() -> None:
    project = PROJECT["project"]
    extras = [each for name in ("heic", "identity", "store", "dev") for each in project["optional-dependencies"][name]]
    packages = locked(DEVELOPMENT)
    for wanted in map(Requirement, [*project["dependencies"], *extras]):
        if wanted.name != project["name"]:
            version = packages[canonicalize_name(wanted.name)][0]
            assert wanted.specifier.contains(version), f"{wanted}, but {version} is locked: run docker/lock"


def test_notices_name_what_is_locked_and_its_licence() -> None:
    rows = re.findall(r"^\| ([a-z0-9-]+) \| ([\w.]+) \| (.+) \|$", (FOLDER / "NOTICES.md").read_text(), re.MULTILINE)
    assert rows.pop(0) == ("package", "version", "licence")
    packages = locked("requirements.txt")
    wanted = {name: version for name, (version, marker, _) in packages.items() if not marker or marker.evaluate(LINUX)}
    assert {name: version for name, version, _ in rows} == wanted, "run docker/lock"
    for name, _, licence in rows:
        for part in re.split(r" AND | OR |, ", licence.replace("(Apache-2.0 OR MIT)", "MIT")):
            assert KNOWN.fullmatch(part), (name, part)


def test_the_texts_of_licences_are_those_of_the_packages() -> None:
    """As the Dockerfile makes them, of what is installed here."""
    command = [sys.executable, str(FOLDER / "notices.py")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for words in ("Secret Labs AB", "Zope Public License", "libde265", "FreeType", "OpenBLAS"):
        assert words in said, words
    packages = re.split(r"^={80}$", said, flags=re.MULTILINE)[1:]
    without = {text.split()[0] for text in packages if "\n--- " not in text} & set(locked("requirements.txt"))
    assert without == set()
