"""The wheel in an environment of its own and an empty folder, as somebody without a checkout has it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path

import pytest
import requests
from packaging.utils import canonicalize_name

from embedded_node.versions import line, versions
from ingest_image.cli import main
from ingest_image.demo.documents import DOCUMENTS, PICTURES
from tests.helpers.locked import locked
from tests.helpers.paths import ROOT
from tests.helpers.ports import free_port
from tests.helpers.processes import wait_until
from tests.helpers.service import TOKEN


def run(program: Path, folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Away from the checkout, with a home folder of its own."""
    kept = {"PATH": "/usr/bin:/bin", "HOME": str(folder)} | environment
    return subprocess.run([program, *arguments], cwd=folder, env=kept, capture_output=True, text=True, check=False)


def test_checksums_are_those_of_the_files(made: Path) -> None:
    rows = (row.split() for row in (made / "SHA256SUMS").read_text().splitlines())
    sums = {name: digest for digest, name in rows}
    assert {Path(name).suffix for name in sums} == {".whl", ".gz", ".json"}
    for name, digest in sums.items():
        assert hashlib.sha256((made / name).read_bytes()).hexdigest() == digest


def test_the_bill_of_materials_names_what_the_image_installs(made: Path) -> None:
    bill = json.loads(next(made.glob("*.cdx.json")).read_text())
    assert bill["bomFormat"] == "CycloneDX" and bill["metadata"]["component"]["name"] == "ingest-image"
    components = {one["name"].lower(): one for one in bill["components"]}
    assert {"flask", "pillow", "elasticsearch", "rapidocr"} <= components.keys()
    assert all(one["version"] and one["purl"].startswith("pkg:pypi/") for one in components.values())
    pinned = {name: version for name, (version, *_) in locked("requirements.txt").items()}
    found = {canonicalize_name(name): one["version"] for name, one in components.items()}
    assert found == {name: version for name, version in pinned.items() if name in found}
    # What is for other platforms is not installed here.
    assert {name for name, (_, marker, _) in locked("requirements.txt").items() if marker is None} <= found.keys()
    # Nothing of the machine that made it.
    assert str(ROOT) not in json.dumps(bill) and "file://" not in json.dumps(bill)


def test_the_wheel_brings_plugins_and_pictures_as_the_checkout_has_them(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        for name in (*DOCUMENTS.values(), "LICENCES.md"):
            assert archive.read(f"ingest_image/demo/pictures/{name}") == (PICTURES / name).read_bytes()
    for built in versions():
        assert any("bundled/plugins/" in name and name.endswith(f"-es{built.number}.zip") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "generate/", "benchmarks/", "build/"))]


def test_the_sdist_has_the_sources_of_the_plugin(made: Path) -> None:
    with tarfile.open(next(made.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for name in (
        "elasticsearch_plugin/pom.xml",
        "elasticsearch_plugin/src/main/java/org/ingestimage/ImagePlugin.java",
        "setup.py",
    ):
        assert name in names
    assert not [name for name in names if name.startswith("elasticsearch_plugin/target")]


def test_every_command_can_be_run(program: Path, empty: Path) -> None:
    """In one process, as each start takes a second. That the program itself starts, other tests show."""
    helps = (
        "import json; from click.testing import CliRunner; from ingest_image.cli import main; "
        "said = {name: CliRunner().invoke(main, [name, '--help'], prog_name='ingest-image') for name in main.rooms}; "
        "print(json.dumps({name: [one.exit_code, one.output] for name, one in said.items()}))"
    )
    done = run(program.with_name("python"), empty, "-c", helps)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said.keys() == main.rooms.keys()
    for name, (code, text) in said.items():
        assert code == 0 and text.startswith(f"Usage: ingest-image {name}"), text


@pytest.fixture(scope="module")
def pip(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The pip of an environment which has what the wheel needs, and not the wheel: the packages of this one."""
    folder = tmp_path_factory.mktemp("with-packages")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    packages = folder / "packages"
    packages.mkdir()
    for package in Path(sysconfig.get_path("purelib")).iterdir():
        if not package.name.startswith(("ingest_image", "__editable__")):
            (packages / package.name).symlink_to(package)
    (found,) = folder.glob("lib/python*/site-packages")
    (found / "packages.pth").write_text(f"{packages}\n")
    return [str(folder / "bin" / "python"), "-m", "pip"]


def test_the_five_lines_of_the_readme_install(wheel: Path, program: Path, empty: Path, pip: list[str]) -> None:
    section = (ROOT / "README.md").read_text().split("\n## Install\n")[1].split("```\n")[1]
    install, version, zip, node, image = (shlex.split(line, comments=True) for line in section.splitlines())
    # Beside the wheel, with all that it needs there already.
    assert install[:2] == ["pip", "install"] and "[heic," in install[2]
    environment = {**os.environ, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    command = [*pip, *install[1:], "--dry-run"]
    done = subprocess.run(command, cwd=wheel.parent, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "WARNING" not in done.stderr, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == f"Would install ingest-image-{wheel.name.split('-')[1]}"
    said = run(program, empty, *version[1:]).stdout
    assert said == f"ingest-image, version {wheel.name.split('-')[1]}\n"
    done = run(program, empty, *zip[1:])
    assert done.returncode == 0, done.stderr
    # What the program says is to be done on each node is the line after it.
    assert [f"file://{empty}/{done.stdout.strip()}"] == [word.replace("$PWD", str(empty)) for word in node[2:]]
    assert f"{' '.join(node[:2])} file://" in done.stderr and (empty / done.stdout.strip()).is_file()
    (empty / done.stdout.strip()).unlink()
    # No container engine here: that the file is there, is all.
    assert image[:3] == ["docker", "build", "-f"] and (ROOT / image[3]).is_file() and image[-1] == "."
    assert image[5] == f"ingest-image/service:{wheel.name.split('-')[1]}"


def test_the_plugin_for_a_patch_release_is_made(program: Path, empty: Path) -> None:
    for built in versions():
        done = run(program, empty, "plugin", "--es-version", f"{line(built.number)}.0", "--out", "zips")
        assert done.returncode == 0, done.stderr
        assert (empty / done.stdout.strip()).is_file()
    shutil.rmtree(empty / "zips")


def test_a_missing_jdk_and_a_missing_maven_are_said_in_a_sentence(program: Path, empty: Path) -> None:
    done = run(program, empty, "node", IMAGE_JAVA_HOME=str(empty))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1) and "No JDK" in done.stderr, done.stderr
    (empty / "bin").mkdir()
    for name in ("sh", "test"):
        (empty / "bin" / name).symlink_to(shutil.which(name) or "")
    done = run(program, empty, "node", "--http-port", "0", PATH=str(empty / "bin"))
    assert done.returncode == 1 and "Maven (mvn) is not on the PATH; it is needed once" in done.stderr, done.stderr


def with_maven(data: Path) -> dict[str, str]:
    # The user's own settings of Maven count.
    return {name: os.environ[name] for name in ("PATH", "HOME")} | {"XDG_DATA_HOME": str(data)}


def test_the_demo_runs_and_so_does_all_that_it_starts(program: Path, empty: Path, data: Path) -> None:
    """Node, service, bootstrap, enricher and gallery; the node's jars are fetched and its sources compiled."""
    gallery = free_port()
    command = [
        str(program),
        "demo",
        "--es-port",
        "0",
        "--service-port",
        str(free_port()),
        "--gallery-port",
        str(gallery),
    ]
    with subprocess.Popen(
        command, cwd=empty, env=with_maven(data), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout
        printed = "".join(takewhile(lambda line: "Ctrl-C stops everything" not in line, process.stdout))
        try:
            assert process.poll() is None, printed
            assert "Mountain lake" in requests.get(f"http://127.0.0.1:{gallery}/", timeout=60).text
            # What it advises finds something, also without recognition, which is not installed here.
            assert "Nothing is recognized in pictures" in printed and " search --plate" not in printed
            advised = re.findall(r"curl '(http\S+)'", printed)
            assert len(advised) == 2 and all(requests.get(address, timeout=60).json() for address in advised), advised
        finally:
            process.send_signal(signal.SIGINT)
        assert "Stopped" in process.stdout.read()
    assert process.returncode == 0
    assert list((data / "ingest-image" / "cache").iterdir())


def test_the_parts_run_by_themselves(program: Path, empty: Path, data: Path) -> None:
    """As somebody starts them one by one: node, service, bootstrap, a folder with a picture, gallery."""
    environment = with_maven(data) | {"IMAGE_TOKEN": TOKEN}
    node, service, gallery = (f"http://127.0.0.1:{free_port()}" for _ in range(3))

    def port(url: str) -> list[str]:
        return ["--port", url.rpartition(":")[2]]

    def done(*arguments: str) -> None:
        ended = run(program, empty, *arguments, "--url", node, **environment)
        assert ended.returncode == 0, ended.stderr

    @contextmanager
    def running(url: str, path: str, *arguments: str) -> Iterator[None]:
        log_file = empty / f"{arguments[0]}.log"
        with log_file.open("w") as log:
            started = subprocess.Popen(
                [program, *arguments, *port(url)], cwd=empty, env=environment, stdout=log, stderr=log
            )
            try:
                wait_until(lambda: started.poll() is not None or answers(url + path), 240)
                assert started.poll() is None, log_file.read_text()
                yield
            finally:
                started.send_signal(signal.SIGINT)
                started.wait(120)

    pictures = empty / "pictures"
    pictures.mkdir()
    shutil.copy(PICTURES / "pillow" / "hopper.jpg", pictures)
    with running(service, "/readyz", "serve"), running(node, "", "node", "--quick-start"):
        done("bootstrap", "--service-url", service)
        done("index", "--index", "images", str(pictures))
        done("enrich", "--once")
        with running(gallery, "/healthz", "gallery", "--url", node):
            wait_until(lambda: "hopper" in requests.get(gallery, timeout=60).text)
    shutil.rmtree(pictures)


def answers(url: str) -> bool:
    with suppress(requests.RequestException):
        return requests.get(url, timeout=5).ok
    return False
