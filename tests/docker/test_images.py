"""The Dockerfiles, and the scripts in the images, run here against stand-ins."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.helpers.compose import program
from tests.helpers.paths import ROOT

DOCKERFILES = sorted((ROOT / "docker").glob("*/Dockerfile"))
SCRIPTS = ROOT / "docker" / "elasticsearch"


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
def test_hadolint_finds_nothing(dockerfile: Path) -> None:
    linter = program("hadolint")
    if linter is None:
        pytest.skip("no hadolint on this platform")
    result = subprocess.run([linter, "--no-color", dockerfile], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
def test_bases_are_pinned_and_what_is_copied_is_let_through(dockerfile: Path) -> None:
    text = dockerfile.read_text()
    for image in re.findall(r"^FROM (\S+)", text, re.MULTILINE):
        assert re.search(r":[\w${}.-]+$", image), image
        assert not image.endswith(":latest")
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*"
    for sources in re.findall(r"^COPY (?:--chmod=\d+ )?(.*) \S+$", text, re.MULTILINE):
        for source in sources.split():
            assert f"!{source.split('/')[0]}" in ignored, source


def test_the_service_does_not_run_as_root() -> None:
    assert re.findall(r"^USER (.*)$", (ROOT / "docker/service/Dockerfile").read_text(), re.MULTILINE) == ["10001:10001"]


def test_make_env_makes_secrets_once(env_file: Path) -> None:
    assert env_file.stat().st_mode & 0o077 == 0
    first = env_file.read_text()
    secrets = re.findall(r"^(?:\w+_PASSWORD|KIBANA_ENCRYPTION_KEY|INGEST_IMAGE_TOKEN)=(.*)$", first, re.M)
    assert len(set(secrets)) == 9
    assert all(re.fullmatch(r"[A-Za-z0-9]{40}", secret) for secret in secrets)
    subprocess.run([ROOT / "docker" / "make-env", env_file.parent], check=True, capture_output=True)
    assert env_file.read_text() == first


def test_pin_images_writes_digests_and_nothing_else(tmp_path: Path) -> None:
    before = "A=1\nPYTHON_VERSION=3.11\nELASTIC_VERSION=9.9.9\nSEAWEEDFS_VERSION=8.8\nPYTHON_DIGEST=\nMAVEN_DIGEST=@sha256:old\nTOKEN=x=y\n"
    (tmp_path / ".env").write_text(before)
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/calls\ncat {tmp_path}/digest\n')
    docker.chmod(0o755)
    command, env = [ROOT / "docker" / "pin-images", tmp_path], {"PATH": f"{tmp_path}:/usr/bin:/bin"}

    (tmp_path / "digest").write_text("no such image\n")
    result = subprocess.run(command, env=env, capture_output=True, text=True)
    assert result.returncode == 1 and "has no digest" in result.stderr
    assert (tmp_path / ".env").read_text() == before

    digest = "sha256:" + "ab" * 32
    (tmp_path / "digest").write_text(f"{digest}\n")
    subprocess.run(command, env=env, check=True, capture_output=True)
    lines = (tmp_path / ".env").read_text().splitlines()
    assert lines[:5] == ["A=1", "PYTHON_VERSION=3.11", "ELASTIC_VERSION=9.9.9", "SEAWEEDFS_VERSION=8.8", "TOKEN=x=y"]
    names = ("PYTHON", "MAVEN", "ELASTICSEARCH", "KIBANA", "SEAWEEDFS")
    assert lines[5:] == [f"{name}_DIGEST=@{digest}" for name in names]
    asked = [line.rsplit(" ", 1)[1] for line in (tmp_path / "calls").read_text().splitlines()[1:]]
    assert asked[0] == "python:3.11-slim-bookworm" and asked[1].startswith("maven:3.")
    assert asked[2:4] == [f"docker.elastic.co/{name}/{name}:9.9.9" for name in ("elasticsearch", "kibana")]
    assert asked[4:] == ["chrislusf/seaweedfs:8.8"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".env", "calls", "digest", "docker"]


def test_the_node_s_tokens_go_from_secrets_into_the_keystore(tmp_path: Path) -> None:
    for folder in ("bin", "config", "secrets"):
        (tmp_path / folder).mkdir()
    # Keeps each secret in a file of its name.
    keystore = tmp_path / "bin" / "elasticsearch-keystore"
    keystore.write_text(
        f"""#!/bin/sh
        echo "$*" >>{tmp_path}/calls
        cd {tmp_path}/config
        case $1 in
            create) touch elasticsearch.keystore ;;
            add) cat >"$4" ;;
            list) ls ;;
            remove) rm "$2" ;;
        esac
        """
    )
    entry = tmp_path / "entry"
    entry.write_text('#!/bin/sh\necho "started $*"\n')
    for script in (keystore, entry):
        script.chmod(0o755)
    env = {
        "PATH": "/usr/bin:/bin",
        "ES_HOME": str(tmp_path),
        "ES_ENTRYPOINT": str(entry),
        "INGEST_IMAGE_SECRETS": str(tmp_path / "secrets"),
    }

    def start(token: str, previous_token: str) -> dict[str, str]:
        (tmp_path / "secrets" / "ingest_image_token").write_text(token)
        (tmp_path / "secrets" / "ingest_image_previous_token").write_text(previous_token)
        result = subprocess.run([SCRIPTS / "start-with-token", "eswrapper"], env=env, capture_output=True, text=True)
        assert (result.returncode, result.stdout) == (0, "started eswrapper\n"), result.stderr
        assert ("has no token" in result.stderr) == (not token)
        assert "s3cret" not in result.stdout + result.stderr + (tmp_path / "calls").read_text()
        return {path.name: path.read_text() for path in (tmp_path / "config").glob("ingest.*")}

    name, previous = "ingest.image.token", "ingest.image.previous_token"
    assert start("s3cret", "") == {name: "s3cret"}
    assert start("s3cret-2", "s3cret") == {name: "s3cret-2", previous: "s3cret"}
    assert start("s3cret-2", "") == {name: "s3cret-2"}
    assert start("", "") == {}
    assert (tmp_path / "calls").read_text().count("create") == 1
