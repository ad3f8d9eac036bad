"""What the checks look at; each thing is asked for once, when a check first wants it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from elasticsearch import Elasticsearch

from pipelines.cluster.makers import is_inference_form
from pipelines.install import kinds
from pipelines.install.apply import plan_install
from pipelines.install.plan import Step
from pipelines.resources import Body, Kind

from ..service import ServiceLimits

_NODE_PARTS = [
    f"nodes.*.{part}"
    for part in ("name", "version", "roles", "plugins.name", "plugins.version", "settings", "ingest.processors")
]


@dataclass
class Patient:
    """A kinds, and perhaps the processor service as it is seen from here."""

    client: Elasticsearch
    wanted_indices: Sequence[str] = ()
    service: ServiceLimits | None = None

    @cached_property
    def nodes(self) -> list[Body]:
        """The nodes that run pipelines, with plugins and the settings of their elasticsearch.yml."""
        answer = self.client.nodes.info(
            metric="ingest,plugins,settings", flat_settings=True, filter_path=_NODE_PARTS
        ).body
        return [node for node in answer.get("nodes", {}).values() if "ingest" in node.get("roles", ["ingest"])]

    @cached_property
    def _cluster_settings(self) -> Body:
        answer = self.client.cluster.get_settings(flat_settings=True, include_defaults=True)
        return dict(answer.body)

    def setting(self, name: str, node: Body | None = None) -> Any:
        """The value that holds, on `node` when its own file says something; None when no node knows the setting."""
        said = self.said(name, node)
        # Elasticsearch has them from the node that answers, with what that one's own file says.
        return said if said is not None else self._cluster_settings["defaults"].get(name)

    def said(self, name: str, node: Body | None = None) -> Any:
        """The value in the cluster's settings, or in the node's own file; None when it is left to the default."""
        for layer in ("transient", "persistent"):
            if name in self._cluster_settings[layer]:
                return self._cluster_settings[layer][name]
        return (node or {}).get("settings", {}).get(name)

    @cached_property
    def installed(self) -> dict[str, Body]:
        """All pipelines by name."""
        return dict(self.client.options(ignore_status=404).ingest.get_pipeline().body)

    @cached_property
    def without_plugin(self) -> bool:
        """Whether our pipelines go through Elasticsearch's own `inference` processor."""
        return any(is_inference_form(pipeline) for pipeline in self.installed.values())

    @cached_property
    def steps(self) -> list[Step]:
        """What bootstrap would do to the pipelines and the template that it brings."""
        return [step for step in plan_install(self.client) if step.resource.kind in (Kind.PIPELINE, Kind.TEMPLATE)]

    @cached_property
    def patterns(self) -> list[str]:
        """Indices that hold pictures: those asked for, or those of the installed template."""
        if self.wanted_indices:
            return list(self.wanted_indices)
        template = next(step.resource for step in self.steps if step.resource.kind is Kind.TEMPLATE)
        return list((kinds.read(self.client, template) or template.body)["index_patterns"])

    @cached_property
    def indices(self) -> dict[str, Body]:
        """Settings (flat) and mappings by index; hidden ones only when asked for."""
        answer = self.client.indices.get(
            index=self.patterns,
            flat_settings=True,
            features="settings,mappings",
            allow_no_indices=True,
            ignore_unavailable=False,
        ).body
        return {name: entry for name, entry in answer.items() if self.wanted_indices or not name.startswith(".")}

    @cached_property
    def pipelines(self) -> list[str]:
        """The pipelines that the indices name, each once."""
        names = [name for entry in self.indices.values() for name in pipelines_of(entry)]
        return list(dict.fromkeys(names))


def pipelines_of(index: Body) -> list[str]:
    """The default and the final pipeline of an index, as far as it has them."""
    settings = index.get("settings", {})
    found = [settings.get("index.default_pipeline"), settings.get("index.final_pipeline")]
    return [name for name in found if name and name != "_none"]
