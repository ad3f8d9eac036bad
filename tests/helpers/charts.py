"""The chart as Helm itself renders it, and what is looked for in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from tests.helpers.paths import ROOT

CHART = ROOT / "deploy" / "helm" / "ingest-image"
# What has no default.
NEEDED = {"image": {"repository": "registry.example/ingest-image/service"}, "token": {"existingSecret": "shared"}}
Objects = list[dict[str, Any]]
Render = Callable[..., Objects]


class Schemas(Protocol):
    """What is used of the module `kubernetes_validate`."""

    def latest_version(self) -> str: ...

    def validate(self, data: dict[str, Any], version: str, *, strict: bool) -> None: ...


def one(objects: Objects, kind: str, name: str = "pictures-ingest-image") -> dict[str, Any]:
    (found,) = (each for each in objects if each["kind"] == kind and each["metadata"]["name"] == name)
    return found


def container(workload: dict[str, Any]) -> dict[str, Any]:
    (found,) = workload["spec"]["template"]["spec"]["containers"]
    return dict(found)


def environment(workload: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in container(workload)["env"] if "value" in entry}
