"""Roles with least privilege, and API keys for programs, as requests for Dev Tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..json_text import to_json
from ..resources import Body

PREFIX = "ingest-image-"
_EXPIRATION = "90d"
# Kibana's name for itself, unless `kibana.index` was changed.
_KIBANA = "kibana-.kibana"


@dataclass(frozen=True)
class Role:
    """A role: `why` says who needs its `cluster`, `index` and `kibana` privileges.

    `has_key`: a program with an API key acts in this role.
    """

    name: str
    why: str
    cluster: tuple[str, ...]
    index: tuple[str, ...]
    has_key: bool = False
    kibana: tuple[str, ...] = ()

    def body(self, patterns: Sequence[str]) -> Body:
        """The body of `PUT _security/role`, and one of the `role_descriptors` of an API key."""
        body: Body = {"cluster": list(self.cluster), "indices": []}
        if self.index:
            body["indices"] = [{"names": list(patterns), "privileges": list(self.index)}]
        if self.kibana:
            application = {"application": _KIBANA, "privileges": list(self.kibana), "resources": ["space:default"]}
            body["applications"] = [application]
        return body


ROLES = (
    Role(
        "ingest-image-writer",
        "Writes documents. The pipeline needs no privilege of the writer. With create_doc instead of index it may add "
        "documents but not change any.",
        (),
        ("index", "auto_configure"),
        has_key=True,
    ),
    Role(
        "ingest-image-searcher",
        "Searches and reads: ingest-image search, the gallery, pictures on the fly (docs/rendering.md). Changes "
        "nothing. read_pipeline is for searching by a picture that is not stored (_simulate).",
        ("read_pipeline",),
        ("read", "view_index_metadata"),
        has_key=True,
    ),
    Role(
        "ingest-image-bootstrap",
        "ingest-image bootstrap. cluster:admin/settings/update is for --service-url (the named privilege that "
        "includes it is manage); leave it out when ingest.image.hosts is set in elasticsearch.yml. Reads no document.",
        ("monitor", "manage_ingest_pipelines", "manage_index_templates", "cluster:admin/settings/update"),
        ("view_index_metadata",),
        has_key=True,
    ),
    Role(
        "ingest-image-kibana",
        "ingest-image bootstrap --kibana-url, together with ingest-image-bootstrap: writes saved objects and data "
        "views in Kibana's default space. For another space, change the resource.",
        (),
        (),
        kibana=("feature_savedObjectsManagement.all", "feature_indexPatterns.all"),
    ),
    Role(
        "ingest-image-maintainer",
        "ingest-image doctor, enrich, reprocess and store. For the doctor alone, the index privileges read, "
        "view_index_metadata and monitor are enough. auto_configure is for fields that an index does not have yet.",
        (
            *("monitor", "read_pipeline", "cluster:admin/component_template/get"),
            *("indices:admin/index_template/get", "indices:admin/index_template/simulate_index"),
        ),
        ("read", "index", "auto_configure", "view_index_metadata", "monitor", "maintenance"),
        has_key=True,
    ),
)


def console(patterns: Sequence[str], inference: bool = False) -> str:
    """The requests as text; `inference`: with what the inference way needs."""
    parts = []
    for role in ROLES:
        body = role.body(patterns)
        if inference and "manage_ingest_pipelines" in role.cluster:
            body["cluster"].append("manage_inference")
        parts.append(f"# {role.why}\nPUT _security/role/{role.name}\n{to_json(body)}\n")
        if role.has_key:
            key = {"name": role.name, "expiration": _EXPIRATION, "role_descriptors": {role.name: body}}
            parts.append(
                "# The same as a key for a program: what is in `encoded` goes into ELASTICSEARCH_API_KEY.\n"
                f"POST _security/api_key\n{to_json(key)}\n"
            )
    return "\n".join(parts)
