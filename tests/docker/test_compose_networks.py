"""What the containers of docker-compose.yml reach."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.helpers.compose import BASE, FETCHING, RENDERING, SCALED, STORING, Compose, read


def reached(stack: dict[str, Any], name: str) -> set[str]:
    """What a container shares a network with."""
    networks = set(stack[name]["networks"])
    return {other for other, service in stack.items() if networks & set(service["networks"])} - {name}


@pytest.mark.parametrize("files", [BASE, SCALED], ids=["base", "scale"])
def test_what_decodes_reaches_neither_kibana_nor_the_gallery_nor_the_internet(
    compose: Compose, env_file: Path, files: tuple[str, ...]
) -> None:
    whole = read(compose, env_file, *files)
    assert reached(whole["services"], "service") == {"elasticsearch", "bootstrap", "tools"}
    networks = whole["networks"]
    assert all(networks[name].get("internal") for name in whole["services"]["service"]["networks"])
    # Ports are published on a network that leads out only.
    for name, service in whole["services"].items():
        if service.get("ports"):
            assert any(not networks[network].get("internal") for network in service["networks"]), name
    # And each reaches what it speaks to.
    for name, service in whole["services"].items():
        if "ELASTICSEARCH_URL" in service.get("environment", {}):
            assert "elasticsearch" in reached(whole["services"], name), name
    for name in ("bootstrap", "tools", "elasticsearch"):
        assert "service" in reached(whole["services"], name)


@pytest.mark.parametrize("files", [RENDERING, FETCHING], ids=["render", "addresses"])
def test_with_a_way_out_it_still_reaches_neither_kibana_nor_the_gallery(
    compose: Compose, env_file: Path, files: tuple[str, ...]
) -> None:
    whole = read(compose, env_file, *files)
    assert reached(whole["services"], "service") == {"elasticsearch", "bootstrap", "tools"}
    leading_out = {
        name for name in whole["services"]["service"]["networks"] if not whole["networks"][name].get("internal")
    }
    assert len(leading_out) == 1
    (way,) = leading_out
    masquerade = whole["networks"][way].get("driver_opts", {}).get("com.docker.network.bridge.enable_ip_masquerade")
    assert masquerade == ("false" if files == RENDERING else None)


def test_the_store_is_reached_by_the_service_and_the_tools_only(compose: Compose, env_file: Path) -> None:
    whole = read(compose, env_file, *STORING)
    services, store = whole["services"], whole["services"]["store"]
    assert reached(services, "store") == {"service", "tools"}
    assert all(whole["networks"][name].get("internal") for name in store["networks"]) and not store.get("ports")
    assert store["read_only"] and store["cap_drop"] == ["ALL"] and store["healthcheck"] and store["mem_limit"]
    secret = store["environment"]["AWS_SECRET_ACCESS_KEY"]
    for name in ("service", "tools"):
        environment = services[name]["environment"]
        assert environment["AWS_SECRET_ACCESS_KEY"] == secret and len(secret) == 40
        assert environment["IMAGE_STORE_URL"] == "s3://pictures/live" and environment["IMAGE_TOKEN"]
    others = {name for name, service in services.items() if secret in str(service)}
    assert others == {"store", "service", "tools"}
