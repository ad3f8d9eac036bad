"""What the checks examine; each part is read once, when a check first needs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from typing import Any

from elasticsearch import AuthorizationException, Elasticsearch

from pipelines.cluster.called_pipelines import targets_with_called, with_called
from pipelines.cluster.index_pipelines import installed_pipelines, pipelines_of, settings_by_index
from pipelines.cluster.makers import is_inference_form
from pipelines.cluster.nodes import cluster_settings, ingest_nodes, set_in_cluster
from pipelines.install import kinds
from pipelines.install.apply import plan_install
from pipelines.install.plan import Step
from pipelines.resources import Body, Kind

from ..service import ServiceLimits

# Names of indices that fit into the address of a request: at most 255 bytes each, and 4,096 all together.
_NAMES = 15


@dataclass
class Installation:
    """A cluster, and optionally the processor service as it is seen from here."""

    client: Elasticsearch
    wanted_indices: Sequence[str] = ()
    service: ServiceLimits | None = None

    @cached_property
    def nodes(self) -> list[Body]:
        """The nodes that run pipelines, with plugins and the settings of their elasticsearch.yml."""
        return ingest_nodes(self.client, ["plugins.name", "plugins.version", "settings", "ingest.processors"])

    @cached_property
    def _cluster_settings(self) -> Body:
        return cluster_settings(self.client)

    def setting(self, name: str, node: Body | None = None) -> Any:
        """The effective value, on `node` if one is given; None when no node knows the setting."""
        said = self.said(name, node)
        # Elasticsearch gives the defaults of the node that answers, which include that node's own file.
        return said if said is not None else self._cluster_settings["defaults"].get(name)

    def said(self, name: str, node: Body | None = None) -> Any:
        """The value in the cluster's settings, or in the node's own file; None when neither sets it."""
        said = set_in_cluster(self._cluster_settings, name)
        return said if said is not None else (node or {}).get("settings", {}).get(name)

    @cached_property
    def installed(self) -> dict[str, Body]:
        """All pipelines by name."""
        return installed_pipelines(self.client)

    @cached_property
    def without_plugin(self) -> bool:
        """Whether our pipelines use Elasticsearch's own `inference` processor."""
        return any(is_inference_form(pipeline) for pipeline in self.installed.values())

    @cached_property
    def steps(self) -> list[Step]:
        """What bootstrap would do to its pipelines and its templates."""
        definitions = (Kind.PIPELINE, Kind.COMPONENT, Kind.TEMPLATE)
        return [step for step in plan_install(self.client) if step.resource.kind in definitions]

    @cached_property
    def patterns(self) -> list[str]:
        """Indices that hold pictures: those asked for, or those of the installed template."""
        if self.wanted_indices:
            return list(self.wanted_indices)
        template = next(step.resource for step in self.steps if step.resource.kind is Kind.TEMPLATE)
        return list((kinds.read(self.client, template) or template.body)["index_patterns"])

    @cached_property
    def others(self) -> list[str]:
        """Indices of other names with a pipeline that processes pictures, as far as this user may see them."""
        if self.wanted_indices:
            return []
        try:
            settings = settings_by_index(self.client, "*")
        except AuthorizationException:
            return []
        return sorted(
            name
            for name, found in settings.items()
            if not any(fnmatch(name, pattern) for pattern in self.patterns)
            and any(targets_with_called(pipeline, self.installed) for pipeline in pipelines_of(found))
        )

    @property
    def examined(self) -> list[str]:
        """All that is checked, as it is named in requests."""
        return [*self.patterns, *self.others]

    @cached_property
    def indices(self) -> dict[str, Body]:
        """Settings (flat) and mappings by index; hidden ones when they are asked for, or have such a pipeline."""
        found = self._read(self.patterns)
        found = {name: entry for name, entry in found.items() if self.wanted_indices or not name.startswith(".")}
        for start in range(0, len(self.others), _NAMES):
            found |= self._read(self.others[start : start + _NAMES])
        return found

    def _read(self, names: Sequence[str]) -> dict[str, Body]:
        return dict(
            self.client.indices.get(
                index=names,
                flat_settings=True,
                features="settings,mappings",
                allow_no_indices=True,
                ignore_unavailable=False,
            ).body
        )

    @cached_property
    def pipelines_by_index(self) -> dict[str, list[str]]:
        """The pipelines that run for each index, in their order, with those that other pipelines run."""
        return {
            name: [
                one for named in pipelines_of(entry.get("settings", {})) for one in with_called(named, self.installed)
            ]
            for name, entry in self.indices.items()
        }

    @cached_property
    def pipelines(self) -> list[str]:
        """The pipelines that run for the indices, each once."""
        return list(dict.fromkeys(name for names in self.pipelines_by_index.values() for name in names))

    def targets(self, index: str) -> dict[str, str]:
        """By target of the index: the source. `image` for an index whose pipelines process no picture."""
        found = [targets_with_called(name, self.installed) for name in self.pipelines_by_index[index]]
        return {target: source for one in found for source, target in one} or {"image": "image"}

    @cached_property
    def indices_by_target(self) -> dict[str, list[str]]:
        """The indices whose pictures are in a field of this name."""
        found: dict[str, list[str]] = {}
        for index in self.indices:
            for target in self.targets(index):
                found.setdefault(target, []).append(index)
        return found
