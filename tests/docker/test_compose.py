"""The Compose files as Compose reads them, and the variables and versions that belong to them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from embedded_node.versions import versions
from pipelines.install.users import parsed
from processor_service.origins import is_among
from processor_service.settings import Settings
from processor_service.web.server import most_connections, threads
from processor_service.workers.memory import shortage
from tests.helpers.compose import STORING, Compose, read
from tests.helpers.paths import ROOT

ONE_SHOT = {"users", "bootstrap", "kibana-objects", "tools"}
LASTING = {"elasticsearch", "service", "kibana", "gallery", "enricher"}
OURS = {*ONE_SHOT, "service", "gallery", "enricher"}
PASSWORDS = {f"{name}_PASSWORD" for name in ("ELASTIC", "KIBANA", "BOOTSTRAP", "GALLERY", "ENRICHER", "TOOLS", "STORE")}
SECRETS = {*PASSWORDS, "KIBANA_ENCRYPTION_KEY", "INGEST_IMAGE_TOKEN"}
DIGESTS = {f"{name}_DIGEST" for name in ("PYTHON", "MAVEN", "ELASTICSEARCH", "KIBANA", "SEAWEEDFS")}
MAY_BE_EMPTY = {
    *("INGEST_IMAGE_PREVIOUS_TOKEN", "IMAGE_URL_HOSTS", "IMAGE_RENDER_KEY", "IMAGE_ELASTICSEARCH_API_KEY"),
    *DIGESTS,
}
COMPOSE_FILES = tuple(sorted(path.name for path in ROOT.glob("docker-compose*.yml")))
# What is neither a worker nor its limit: the web process with pictures that wait, and /tmp, which is memory.
BESIDE_WORKERS = 1 << 30


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def variables() -> dict[str, str]:
    """Variables of the Compose files with their defaults."""
    found = re.findall(r"\$\{(\w+)(?::([-?])([^}]*))?\}", "".join(map(text, COMPOSE_FILES)))
    return {name: value if operator == "-" else "" for name, operator, value in found}


def example() -> dict[str, str]:
    return dict(line.split("=", 1) for line in text(".env.example").splitlines() if line and line[0] != "#")


def test_what_runs(stack: dict[str, Any]) -> None:
    assert set(stack) == ONE_SHOT | LASTING


def test_pictures_are_recognized_and_are_alike_if_they_show_the_same_things(stack: dict[str, Any]) -> None:
    told = stack["service"]["environment"]
    assert (told["IMAGE_RECOGNIZERS"], told["IMAGE_EMBEDDER"]) == ("1", "lite0")


def test_ports_are_published_on_loopback_only_and_the_service_not_at_all(scaled: dict[str, Any]) -> None:
    published = {name: port for name, service in scaled.items() for port in service.get("ports", [])}
    assert set(published) == {"elasticsearch", "kibana", "gallery"}
    assert {port["host_ip"] for port in published.values()} == {"127.0.0.1"}
    assert all(service.get("network_mode") is None for service in scaled.values())


@pytest.mark.parametrize("name", sorted(ONE_SHOT | LASTING))
def test_each_is_bounded_and_gains_no_privilege(stack: dict[str, Any], name: str) -> None:
    service = stack[name]
    assert int(service["mem_limit"]) > 0
    assert service["pids_limit"] > 0
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")
    if name in OURS:
        assert service["read_only"]
        assert service["tmpfs"]
        # Compose cannot copy a secret from .env into a read-only file system, and refuses to start it.
        assert "secrets" not in service


def test_what_stays_has_a_health_check_and_what_does_not_runs_once(stack: dict[str, Any]) -> None:
    for name, service in stack.items():
        if name in ONE_SHOT:
            assert (service["restart"], "healthcheck" in service) == ("no", False), name
        else:
            assert (service["restart"], service["healthcheck"]["retries"] > 3) == ("unless-stopped", True), name
            assert set(service["logging"]["options"]) == {"max-size", "max-file"}, name


def test_each_waits_for_what_it_needs(stack: dict[str, Any]) -> None:
    waits = {
        name: {other: how["condition"] for other, how in service.get("depends_on", {}).items()}
        for name, service in stack.items()
    }
    healthy, done = "service_healthy", "service_completed_successfully"
    assert waits["users"] == {"elasticsearch": healthy}
    assert waits["kibana"] == {"elasticsearch": healthy, "users": done}
    # The gallery does not wait for Kibana.
    assert waits["bootstrap"] == {"users": done, "service": healthy}
    assert waits["gallery"] == waits["enricher"] == {"bootstrap": done}
    assert waits["tools"] == {"elasticsearch": healthy}
    assert waits["kibana-objects"] == {"bootstrap": done, "kibana": healthy}


def test_images_of_ours_are_built_once_and_never_pulled(stack: dict[str, Any]) -> None:
    built = {service["image"] for service in stack.values() if "build" in service}
    for name, service in stack.items():
        if service["image"].startswith("ingest-image/"):
            assert service["image"] in built
            assert "build" in service or service["pull_policy"] == "never", name


def test_security_is_on_and_the_token_is_no_environment_of_elasticsearch(stack: dict[str, Any]) -> None:
    node = stack["elasticsearch"]
    assert node["environment"]["xpack.security.enabled"] == "true"
    assert [secret["source"] for secret in node["secrets"]] == ["ingest_image_token", "ingest_image_previous_token"]
    assert not any("TOKEN" in name for name in node["environment"])
    assert stack["service"]["environment"]["IMAGE_TOKEN"]


def test_nothing_that_stays_runs_as_superuser_and_each_has_the_roles_of_what_it_runs(stack: dict[str, Any]) -> None:
    signed_in = {
        name: service["environment"]["ELASTICSEARCH_USERNAME"]
        for name, service in stack.items()
        if "ELASTICSEARCH_USERNAME" in service.get("environment", {})
    }
    assert signed_in == {
        "users": "elastic",
        "kibana": "kibana_system",
        "bootstrap": "ingest-image-bootstrap",
        "kibana-objects": "ingest-image-bootstrap",
        "gallery": "ingest-image-gallery",
        "enricher": "ingest-image-enricher",
        "tools": "ingest-image-tools",
    }
    # Each user is made, with the very password that is signed in with.
    environment = stack["users"]["environment"]
    made = {parsed[0]: parsed for parsed in map(_parse_as(environment), stack["users"]["command"][1:])}
    for name, user in signed_in.items():
        if user != "elastic":
            assert made[user][2] == stack[name]["environment"]["ELASTICSEARCH_PASSWORD"]
    assert {user: roles for user, (_, roles, _) in made.items()} == {
        "kibana_system": [],
        "ingest-image-bootstrap": ["bootstrap", "kibana"],
        "ingest-image-gallery": ["searcher", "writer"],
        "ingest-image-enricher": ["maintainer"],
        "ingest-image-tools": ["searcher", "writer", "maintainer"],
    }
    # One secret for each, and nobody else has the superuser's but the node's own health check.
    assert len({password for _, _, password in made.values()}) == len(made)
    superuser = environment["ELASTICSEARCH_PASSWORD"]
    knowing = {name for name, one in stack.items() if superuser in one.get("environment", {}).values()}
    assert knowing == {"elasticsearch", "users"}


def _parse_as(environment: dict[str, str]) -> Callable[[str], tuple[str, Sequence[str], str]]:
    return lambda user: parsed(user, environment)


def test_pictures_on_the_fly_are_on_this_machine_only(rendering: dict[str, Any], stack: dict[str, Any]) -> None:
    service = rendering["service"]
    assert [(port["host_ip"], port["published"], port["target"]) for port in service["ports"]] == [
        ("127.0.0.1", "8092", 8090)
    ]
    settings = {name: value for name, value in service["environment"].items() if name.startswith("IMAGE_")}
    known = {f"IMAGE_{name.upper()}" for name in Settings.model_fields}
    assert set(settings) <= known and set(stack["service"]["environment"]) <= known
    read = Settings(**{name.removeprefix("IMAGE_").lower(): value for name, value in settings.items()})
    assert read.render_indices == ("images*",)


@pytest.mark.parametrize("name", ["stack", "rendering", "scaled"])
def test_the_service_s_memory_is_enough_for_its_workers(name: str, request: pytest.FixtureRequest) -> None:
    service = request.getfixturevalue(name)["service"]
    environment = {key: value for key, value in service["environment"].items() if value}
    settings = Settings(**{key.removeprefix("IMAGE_").lower(): value for key, value in environment.items()})
    # What lies in /tmp is memory, too.
    assert [entry.partition("size=")[2].partition(",")[0] for entry in service["tmpfs"]] == ["256m"]
    assert shortage(settings, int(service["mem_limit"]) - 256 * 1024**2) is None


def test_workers_have_together_less_memory_than_their_container(stack: dict[str, Any]) -> None:
    service = stack["service"]
    of = {name: int(service["environment"][f"IMAGE_{name}S"]) for name in ("WORKER", "RECOGNIZER")}
    together = sum(number * int(service["environment"][f"IMAGE_{name}_MEMORY"]) for name, number in of.items())
    assert of["RECOGNIZER"] > 0
    assert together + BESIDE_WORKERS <= int(service["mem_limit"])
    temporary = sum(int(size) for size in re.findall(r"size=(\d+)m", str(service["tmpfs"]))) << 20
    assert temporary < BESIDE_WORKERS / 2


def test_the_service_is_probed_at_a_port_that_its_clients_cannot_take(stack: dict[str, Any]) -> None:
    service = stack["service"]
    port = service["environment"]["IMAGE_HEALTH_PORT"]
    assert port != service["environment"]["IMAGE_PORT"]
    assert f"127.0.0.1:{port}/readyz" in " ".join(service["healthcheck"]["test"])
    assert port not in service["expose"] and "ports" not in service


def test_the_service_has_enough_files_for_its_connections(
    stack: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = stack["service"]["ulimits"]["nofile"]
    monkeypatch.setattr("processor_service.web.server.resource.getrlimit", lambda _: (files, files))
    environment = stack["service"]["environment"]
    settings = Settings(workers=environment["IMAGE_WORKERS"], queue_size=environment["IMAGE_QUEUE_SIZE"])
    assert most_connections(settings, threads(settings)) == settings.connections


def test_uploads_of_the_gallery_are_on_disk(stack: dict[str, Any]) -> None:
    gallery = stack["gallery"]
    folder = gallery["environment"]["TMPDIR"]
    assert [(volume["type"], volume["target"]) for volume in gallery["volumes"]] == [("volume", folder)]
    assert f"install --directory --owner=10001 --group=10001 {folder}\n" in text("docker/service/Dockerfile")


def test_images_are_taken_by_digest_when_one_is_given(compose: Compose, env_file: Path, tmp_path: Path) -> None:
    digests = {name: f"@sha256:{number:064x}" for number, name in enumerate(sorted(DIGESTS))}
    lines = [line for line in env_file.read_text().splitlines() if line.split("=")[0] not in DIGESTS]
    pinned = tmp_path / ".env"
    pinned.write_text("\n".join([*lines, *(f"{name}={digest}" for name, digest in digests.items())]))
    services = read(compose, pinned, *STORING)["services"]
    assert services["store"]["image"].endswith(digests["SEAWEEDFS_DIGEST"])
    assert services["kibana"]["image"].endswith(digests["KIBANA_DIGEST"])
    given = services["service"]["build"]["args"] | services["elasticsearch"]["build"]["args"]
    assert {name: given[name] for name in DIGESTS - {"KIBANA_DIGEST", "SEAWEEDFS_DIGEST"}} == {
        name: digest for name, digest in digests.items() if name not in ("KIBANA_DIGEST", "SEAWEEDFS_DIGEST")
    }
    # Each base image of a Dockerfile ends with the digest that is given to it, or with nothing.
    for name in ("service", "elasticsearch"):
        dockerfile = text(f"docker/{name}/Dockerfile")
        for image in re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE):
            assert (found := re.search(r"\$\{(\w+_DIGEST)\}$", image)) and found[1] in services[name]["build"]["args"]
            assert f"ARG {found[1]}=\n" in dockerfile


def test_every_variable_is_in_the_example_with_its_default() -> None:
    used = {name: value for name, value in variables().items() if name != "COMPOSE_PROJECT_NAME"}
    assert used == example()
    assert {name for name, value in example().items() if not value} == SECRETS | MAY_BE_EMPTY


def test_a_reprocess_that_was_killed_goes_on_in_the_next_container(stack: dict[str, Any]) -> None:
    tools = stack["tools"]
    folder = tools["environment"]["XDG_CONFIG_HOME"]
    assert [(volume["type"], volume["target"]) for volume in tools["volumes"]] == [("volume", folder)]
    # The volume takes over the owner of the image's folder; everything else is read-only.
    assert f"install --directory --owner=10001 --group=10001 {folder}\n" in text("docker/service/Dockerfile")


def test_without_secrets_compose_says_what_to_do(compose: Compose, tmp_path: Path) -> None:
    result = compose("--env-file", str(ROOT / ".env.example"), "config", "--quiet")
    assert result.returncode != 0
    assert "run docker/make-env first" in result.stderr


def test_versions_agree(stack: dict[str, Any]) -> None:
    newest = versions()[0]
    assert example()["ELASTIC_VERSION"] == newest.number
    assert f"ARG ELASTIC_VERSION={newest.number}\n" in text("docker/elasticsearch/Dockerfile")
    assert stack["kibana"]["image"].endswith(f":{newest.number}")
    maven_java = int(re.findall(r"FROM maven:[\d.]+-eclipse-temurin-(\d+)", text("docker/elasticsearch/Dockerfile"))[0])
    assert maven_java >= max(version.java_release for version in versions())
    assert f"ARG PYTHON_VERSION={example()['PYTHON_VERSION']}\n" in text("docker/service/Dockerfile")


def test_replicas_are_told_to_the_nodes_by_name(scaled: dict[str, Any], tmp_path: Path) -> None:
    assert scaled["service"]["deploy"]["replicas"] == 2
    bootstrap = scaled["bootstrap"]
    stand_in = tmp_path / "ingest-image"
    stand_in.write_text('#!/bin/sh\necho "$@"\n')
    stand_in.chmod(0o755)
    # What Compose hands on has single dollar signs.
    command = [part.replace("$$", "$") for part in (*bootstrap["entrypoint"], *bootstrap["command"])]
    env = {**bootstrap["environment"], "REPLICAS": "3", "PATH": f"{tmp_path}:/usr/bin:/bin"}
    said = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.split()
    hosts = [said[i + 1] for i, word in enumerate(said) if word == "--service-url"]
    assert hosts == [f"http://ingest-image-service-{number}:8090" for number in (1, 2, 3)]
    assert said[0] == "bootstrap"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMAGE_KNOWN_AS", scaled["service"]["environment"]["IMAGE_KNOWN_AS"])
        assert all(is_among(host, Settings().known_as) for host in (*hosts, "http://service:8090"))
        assert not is_among("http://service-1.evil.example:8090", Settings().known_as)


def test_the_service_knows_the_address_that_the_nodes_are_told(stack: dict[str, Any]) -> None:
    command = stack["bootstrap"]["command"]
    assert stack["service"]["environment"]["IMAGE_KNOWN_AS"] == command[command.index("--service-url") + 1]
