"""The pipelines that an index names in its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from elasticsearch import AuthorizationException, Elasticsearch

from ..resources import Body

# In the order in which they run.
SETTINGS = ("index.default_pipeline", "index.final_pipeline")
# Elasticsearch sets it when it has closed an index.
_CLOSED = "index.verified_before_close"
Settings = Mapping[str, Any]


def pipelines_of(settings: Settings, instead: str | None = None) -> list[str]:
    """The pipelines of flat index settings, each once; `instead` replaces the default one, as `?pipeline=` does."""
    default, final = (settings.get(name) for name in SETTINGS)
    return list(dict.fromkeys(name for name in (instead or default, final) if name and name != "_none"))


def settings_by_index(client: Elasticsearch, index: str, **params: Any) -> dict[str, Settings]:
    """The two settings of each index that `index` stands for, as far as they are set, and whether it is closed.

    Raises NotFoundError.
    """
    answer = client.indices.get_settings(index=index, name=[*SETTINGS, _CLOSED], flat_settings=True, **params).body
    return {name: entry.get("settings", {}) for name, entry in answer.items()}


def is_closed(settings: Settings) -> bool:
    """Whether these are the settings of an index that is closed."""
    return settings.get(_CLOSED) == "true"


def installed_pipelines(client: Elasticsearch) -> dict[str, Body]:
    """All pipelines of the cluster by name. Raises ApiError."""
    # Where there is none at all, Elasticsearch answers 404 with an empty object.
    return dict(client.options(ignore_status=404).ingest.get_pipeline().body)


def readable_pipelines(client: Elasticsearch) -> dict[str, Body]:
    """The same; none, if the user may not read them."""
    try:
        return installed_pipelines(client)
    except AuthorizationException:
        return {}


def settings_of_new_index(client: Elasticsearch, name: str) -> Settings:
    """The same settings for an index of that name that is created now, as the index templates say."""
    template = client.indices.simulate_index_template(name=name).body.get("template", {})
    settings = template.get("settings", {}).get("index", {})
    return {setting: settings.get(setting.removeprefix("index.")) for setting in SETTINGS}
