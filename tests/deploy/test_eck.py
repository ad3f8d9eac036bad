"""The manifest for Elastic's operator: it brings no schema along, so its parts are checked one by one."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded_node.versions import versions
from processor_service.origins import is_among
from processor_service.settings import Settings
from tests.helpers.charts import Render, Schemas, environment, one
from tests.helpers.paths import ROOT


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "deploy/eck/elasticsearch.yaml").read_text()))


@pytest.fixture(scope="module")
def pod(manifest: dict[str, Any]) -> dict[str, Any]:
    (nodes,) = manifest["spec"]["nodeSets"]
    return dict(nodes["podTemplate"]["spec"])


def test_its_kubernetes_parts_are_as_kubernetes_has_them(manifest: dict[str, Any], kubernetes: Schemas) -> None:
    (nodes,) = manifest["spec"]["nodeSets"]
    template = {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "a"}, "template": nodes["podTemplate"]}
    claims = [{"apiVersion": "v1", "kind": "PersistentVolumeClaim", **claim} for claim in nodes["volumeClaimTemplates"]]
    for found in (template, *claims):
        kubernetes.validate(found, kubernetes.latest_version(), strict=True)
    assert [claim["metadata"]["name"] for claim in claims] == ["elasticsearch-data"]
    assert manifest["spec"]["version"] == versions()[0].number


def test_secrets_and_settings_are_those_of_the_plugin(manifest: dict[str, Any]) -> None:
    known = set(re.findall(r"^\| `(ingest\.image\.[\w.]+)`", (ROOT / "docs/plugin.md").read_text(), re.MULTILINE))
    (secret,) = manifest["spec"]["secureSettings"]
    assert [entry["key"] for entry in secret["entries"]] == ["token"]
    named = {entry["path"] for entry in secret["entries"]} | set(manifest["spec"]["nodeSets"][0]["config"])
    assert named == {"ingest.image.token", "ingest.image.hosts"}
    assert named <= known


def test_nodes_know_the_chart_s_service_by_a_name_that_it_knows(manifest: dict[str, Any], render: Render) -> None:
    (host,) = manifest["spec"]["nodeSets"][0]["config"]["ingest.image.hosts"]
    known = Settings(known_as=environment(one(render(), "Deployment"))["IMAGE_KNOWN_AS"]).known_as
    assert is_among(host.replace(".default.", ".shop."), known)


@pytest.mark.parametrize("installed", ["", "analysis-icu\ningest-image"], ids=["new", "again"])
def test_the_plugin_is_installed_once(pod: dict[str, Any], tmp_path: Path, installed: str) -> None:
    (first,) = pod["initContainers"]
    (mount,) = first["volumeMounts"]
    assert [volume["name"] for volume in pod["volumes"]] == [mount["name"]]
    assert f"file://{mount['mountPath']}/ingest-image.zip" in first["command"][-1]
    tool = tmp_path / "bin" / "elasticsearch-plugin"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\n[ "$1" = list ] && echo "{installed}" || echo "$@" >>{tmp_path}/calls\n')
    tool.chmod(0o755)
    subprocess.run(first["command"], cwd=tmp_path, check=True, env={"PATH": os.defpath})
    calls = (tmp_path / "calls").read_text().splitlines() if (tmp_path / "calls").exists() else []
    wanted = "install --batch file:///mnt/ingest-image/ingest-image.zip"
    assert calls == ([] if installed else [wanted])


def test_the_zip_fits_into_a_config_map() -> None:
    zips = list((ROOT / "build" / "plugins").glob("*.zip"))
    assert zips and all(zip.stat().st_size < 900_000 for zip in zips)
