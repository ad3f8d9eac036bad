"""Kibana's side of bootstrap: the exact requests, against a stand-in, and what the saved objects are made of.

No Kibana runs here. What is checked of the objects is what Kibana's importer checks first (JSON inside of JSON, references,
the attributes that the saved-object schemas of 8.9 allow), and that every field they name is one of ours.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from typing import Any

import click
import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from pipelines.cluster.client import elasticsearch_options
from pipelines.kibana.api import Kibana, KibanaError
from pipelines.kibana.install import connect, install, kibana_option, uninstall
from pipelines.kibana.objects import CHARTS, FILE, identities, ndjson, saved_objects
from processor_service.wire.fields import all_fields
from tests.helpers.fake_kibana import Server

Json = dict[str, Any]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


def kibana(server: Server, path: str = "", **more: Any) -> Kibana:
    return Kibana(server.url + path, patience=0.5, **more)


def test_installing_twice_and_uninstalling_twice(server: Server) -> None:
    first = list(install(kibana(server, api_key="a2V5"), ["images*"]))
    assert first[0] == "created: Kibana data view ingest-image-pictures"
    assert len(first) == len(saved_objects())
    assert all(line.startswith("updated: ") for line in install(kibana(server), ["images*"]))
    assert [headers["Authorization"] for _, _, headers in server.seen] == ["ApiKey a2V5", None]
    gone = list(uninstall(kibana(server)))
    assert gone[0] == "removed: Kibana dashboard ingest-image-dashboard"
    assert gone[-1] == "removed: Kibana data view ingest-image-pictures"
    assert server.objects == {}
    assert all(line.startswith("absent: ") for line in uninstall(kibana(server)))


def test_a_dry_run_sends_nothing(server: Server) -> None:
    lines = [*install(kibana(server), ["images*"], dry_run=True), *uninstall(kibana(server), dry_run=True)]
    assert all(line.startswith("would be ") for line in lines)
    assert server.seen == []


def test_the_data_view_shows_the_indices_of_the_template(server: Server) -> None:
    list(install(kibana(server), ["images*", "photos-*"]))
    assert server.objects["index-pattern", "ingest-image-pictures"]["attributes"]["title"] == "images*,photos-*"


def test_a_space_is_a_part_of_the_address(server: Server) -> None:
    list(install(kibana(server, "/s/marketing/"), ["images*"]))
    assert server.seen[0][1] == "/s/marketing/api/saved_objects/_import?overwrite=true"


def test_a_kibana_that_is_starting_is_waited_for(server: Server) -> None:
    server.refusals = [(503, {"message": "Kibana server is not ready yet"})]
    assert list(install(kibana(server), ["images*"]))
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (401, {"message": "no"}, "wants the user of Elasticsearch"),
        (403, {"message": "Unable to bulk_create dashboard"}, "docs/kibana.md.*Unable to bulk_create"),
        (302, {}, "base path"),
        (404, {"message": "Not Found"}, "base path"),
        (500, {"message": "broken"}, "refused with 500: broken"),
        (
            200,
            {"success": False, "errors": [{"type": "lens", "id": "a", "error": {"type": "unsupported_type"}}]},
            r"refused lens a \(unsupported_type\)",
        ),
    ],
)
def test_refusals_are_explained(server: Server, status: int, body: Json, says: str) -> None:
    server.refusals = [(status, body)]
    with pytest.raises(KibanaError, match=says):
        list(install(kibana(server), ["images*"]))


def test_one_that_keeps_starting_or_is_not_there_is_given_up(server: Server) -> None:
    server.refusals = [(503, {"message": "not ready"})] * 50
    with pytest.raises(KibanaError, match="503: not ready"):
        list(install(kibana(server), ["images*"]))
    with pytest.raises(KibanaError, match="is --kibana-url right"):
        list(install(Kibana("http://127.0.0.1:1", patience=0.1), ["images*"]))
    with pytest.raises(KibanaError, match=r"does not answer at http://127\.0\.0\.1:1: "):
        list(install(Kibana("http://me:secret@127.0.0.1:1", patience=0.1), ["images*"]))


def test_a_kibana_without_the_address_for_removing_is_not_taken_for_an_empty_one(server: Server) -> None:
    server.refusals = [(404, {"message": "Not Found"})]
    with pytest.raises(KibanaError, match="another address"):
        list(uninstall(kibana(server)))


def test_the_command_s_user_is_kibana_s_user(server: Server) -> None:
    @click.command()
    @elasticsearch_options
    @kibana_option
    def command(client: Elasticsearch, kibana_url: str) -> None:
        connect(kibana_url).delete("lens", "x")

    asked = CliRunner().invoke(command, ["--kibana-url", server.url, "--username", "elastic"], input="secret\n")
    assert asked.exit_code == 0, asked.output
    assert server.seen[0][2]["Authorization"] == "Basic ZWxhc3RpYzpzZWNyZXQ="
    given = CliRunner().invoke(command, [], env={"KIBANA_URL": server.url, "ELASTICSEARCH_API_KEY": "a2V5"})
    assert given.exit_code == 0, given.output
    assert server.seen[1][2]["Authorization"] == "ApiKey a2V5"


# What the objects are made of.

OBJECTS = saved_objects()
MULTI = {f"image.{field.name}.keyword" for field in all_fields() if "fields" in field.mapping}
OURS = {f"image.{field.name}": field.mapping["type"] for field in all_fields()} | {"title": "text"}
# From Kibana's saved-object schemas of 8.9 (dashboard, which allows nothing else) and 8.8 (search).
ALLOWED = {
    "dashboard": {
        *("title", "description", "kibanaSavedObjectMeta", "timeRestore", "timeFrom", "timeTo", "refreshInterval"),
        *("controlGroupInput", "panelsJSON", "optionsJSON", "hits", "version"),
    },
    "search": {
        *("title", "description", "columns", "sort", "grid", "rowHeight", "rowsPerPage", "hideChart", "breakdownField"),
        *(
            "kibanaSavedObjectMeta",
            "isTextBasedQuery",
            "usesAdHocDataView",
            "timeRestore",
            "viewMode",
            "hits",
            "version",
        ),
    },
}


def walk(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value with the key it is under, also inside of JSON texts."""
    if isinstance(value, str) and key.endswith(("JSON", "Map", "Filters", "fields", "fieldAttrs")):
        value = json.loads(value)
    if isinstance(value, dict):
        for name, child in value.items():
            yield from walk(child, name)
    elif isinstance(value, list):
        for child in value:
            yield from walk(child, key)
    else:
        yield key, value


def test_the_file_is_what_is_sent() -> None:
    assert FILE.read_text("utf-8") == ndjson(OBJECTS), "run make generated"


def test_references_resolve_and_come_first() -> None:
    known: set[tuple[str, str]] = set()
    for one in OBJECTS:
        assert {(to["type"], to["id"]) for to in one["references"]} <= known
        assert len({to["name"] for to in one["references"]}) == len(one["references"])
        known.add((one["type"], one["id"]))
    assert known == set(identities())
    assert all(re.fullmatch(r"ingest-image-[a-z]+", id) for _, id in known)


@pytest.mark.parametrize("one", OBJECTS, ids=lambda one: str(one["id"]))
def test_versions_and_attributes_are_such_as_8_9_writes(one: Json) -> None:
    assert one["coreMigrationVersion"] == "8.8.0"
    assert tuple(map(int, one["typeMigrationVersion"].split("."))) <= (8, 9, 0)
    assert set(one["attributes"]) <= ALLOWED.get(one["type"], set(one["attributes"]))
    assert all(key not in ("createdAt", "updated_at", "version") for key in one)
    list(walk(one["attributes"]))


def test_all_fields_are_ours_and_can_do_what_is_asked() -> None:
    for one in OBJECTS:
        for key, value in walk(one["attributes"]):
            if key == "sourceField" and value != "___records___":
                assert value in MULTI or OURS.get(value) in ("keyword", "date", "long", "integer", "float"), value
            if key == "columns":
                assert value in OURS, value
            if key in ("query", "formula"):
                assert set(re.findall(r"[a-z]+(?:\.[a-z_0-9]+)+", str(value))) <= set(OURS), value
    (view,) = (one["attributes"] for one in OBJECTS if one["type"] == "index-pattern")
    assert set(json.loads(view["fieldFormatMap"])) <= set(OURS)
    for hidden in json.loads(view["sourceFilters"]):
        assert any(re.fullmatch(hidden["value"].replace(".*", r"\..+"), name) for name in OURS), hidden
    assert MULTI


def test_columns_of_charts_are_known_to_their_layers() -> None:
    for one in (one for one in OBJECTS if one["type"] == "lens"):
        state = one["attributes"]["state"]
        ((layer_id, layer),) = state["datasourceStates"]["formBased"]["layers"].items()
        assert one["references"][0]["name"] == f"indexpattern-datasource-layer-{layer_id}"
        assert layer["columnOrder"] == list(layer["columns"])
        for key, value in walk(state["visualization"]):
            if key in ("accessors", "xAccessor", "metricAccessor", "primaryGroups", "metrics", "columnId"):
                assert value in layer["columns"]
            if key == "layerId":
                assert value == layer_id
        for column in layer["columns"].values():
            assert set(column.get("references", ())) <= set(layer["columns"])


def test_the_dashboard_shows_everything_once_and_nothing_overlaps() -> None:
    (dashboard,) = (one for one in OBJECTS if one["type"] == "dashboard")
    panels = json.loads(dashboard["attributes"]["panelsJSON"])
    assert len(panels) == len(CHARTS) + 1 == len(dashboard["references"])
    names = {to["name"] for to in dashboard["references"]}
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        assert f"{panel['panelIndex']}:{panel['panelRefName']}" in names
        grid = panel["gridData"]
        cells = {
            (x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 48
        taken |= cells


def test_thumbnails_are_pictures_that_no_server_has_to_fetch() -> None:
    (view,) = (one["attributes"] for one in OBJECTS if one["type"] == "index-pattern")
    thumbnail = json.loads(view["fieldFormatMap"])["image.thumbnail"]
    assert (thumbnail["id"], thumbnail["params"]["type"]) == ("url", "img")
    assert thumbnail["params"]["urlTemplate"] == "data:image/jpeg;base64,{{value}}"
    assert "timeFieldName" not in view
