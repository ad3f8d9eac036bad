"""`ingest-image doctor` looks at every index whose pipeline has our processor, whatever index and field are called."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from elasticsearch import BadRequestError, Elasticsearch

from ingest_image.doctor.command import doctor
from ingest_image.enrich.command import enrich
from tests.helpers.pictures import b64, picture

PHOTO = b64(picture("pillow/hopper.jpg"))
BROKEN = b64(b"no picture")
READS_ATTACHMENT = {"field": "attachment", "properties": ["colors"], "on_invalid": "record"}


@pytest.fixture
def cleaned(es: Elasticsearch) -> Iterator[None]:
    yield
    es.indices.delete(index="scans,products,letters", ignore_unavailable=True)
    es.options(ignore_status=404).indices.delete_index_template(name="products")
    es.options(ignore_status=404).ingest.delete_pipeline(id="attached")


def findings(es_url: str, level: str, *arguments: str) -> dict[str, list[str]]:
    """By check, what is said about each index of this level, with the advice."""
    result = CliRunner().invoke(doctor, ["--url", es_url, "--json", *arguments])
    found: dict[str, list[str]] = {}
    for one in json.loads(result.output)["findings"]:
        if one["level"] == level:
            found.setdefault(one["check"], []).append(f"{one['what']} {one['advice']}")
    return found


def test_an_index_and_a_field_of_other_names(es: Elasticsearch, es_url: str, cleaned: None) -> None:
    es.ingest.put_pipeline(id="attached", processors=[{"image": READS_ATTACHMENT | {"target_field": "photo"}}])
    es.indices.create(index="scans", settings={"index.final_pipeline": "attached"})
    es.index(index="scans", document={"attachment": PHOTO})
    es.index(index="scans", document={"attachment": BROKEN}, refresh=True)
    (mapped,) = findings(es_url, "error")["mapping"]
    assert mapped.startswith("scans: photo.data is mapped as text, not as binary")
    (stored,) = findings(es_url, "warn")["errors"]
    assert "1 document stored with an error" in stored and "_exists_:photo.error.code" in stored
    assert "reprocess scans --errors" in stored
    es.indices.put_settings(index="scans", settings={"index.final_pipeline": None})
    assert not any("scans" in text for texts in findings(es_url, "error").values() for text in texts)


def test_an_index_composed_of_the_component_template_is_well(es: Elasticsearch, es_url: str, cleaned: None) -> None:
    template = {"settings": {"index.default_pipeline": "images"}}
    es.indices.put_index_template(
        name="products", index_patterns=["products"], composed_of=["ingest-image"], template=template
    )
    es.index(index="products", document={"image": {"data": PHOTO}}, refresh=True)
    bad = {check: texts for level in ("warn", "error") for check, texts in findings(es_url, level).items()}
    assert not any("products" in text for texts in bad.values() for text in texts), bad
    # Backing indices of streams of other tests are among them.
    assert any(re.search(r"\b(\d+) of \1 indices", text) for text in findings(es_url, "ok")["indices"])


@pytest.mark.parametrize("kind", ["binary", "text", "keyword"])
def test_in_place_on_a_field_that_takes_no_object_is_told_with_target_field(
    es: Elasticsearch, es_url: str, cleaned: None, kind: str
) -> None:
    es.ingest.put_pipeline(id="attached", processors=[{"image": READS_ATTACHMENT | {"ignore_missing": True}}])
    es.indices.create(
        index="letters",
        settings={"index.default_pipeline": "attached"},
        mappings={"properties": {"attachment": {"type": kind}, "page": {"type": "long"}}},
    )
    es.indices.create(index="scans", mappings={"properties": {"attachment": {"type": kind}}})
    # What somebody in Dev Tools sees.
    with pytest.raises(BadRequestError) as refused:
        es.index(index="letters", document={"attachment": PHOTO})
    error = refused.value.body["error"]
    assert error["image_code"] == "field_takes_no_object" and '"target_field": "image"' in error["reason"]
    assert f"the field [attachment], which the index maps as [{kind}]" in error["reason"]
    # No other document of the bulk is, also no object of somebody's own in another index, and another reason is told in its own words.
    operations: list[dict[str, Any]] = [
        *({"index": {}}, {"attachment": PHOTO}, {"index": {}}, {"page": 7}, {"index": {}}, {"page": "seven"}),
        *({"update": {"_id": "none"}}, {"doc": {"page": 7}}),
        *({"index": {"_index": "scans"}}, {"attachment": {"mine": 1}}),
    ]
    items = [next(iter(item.values())) for item in es.bulk(index="letters", operations=operations)["items"]]
    assert [item["status"] for item in items] == [400, 201, 400, 404, 400]
    assert items[4]["error"]["type"] != "image_exception"
    assert items[0]["error"]["type"] == "image_exception" and "[page]" in items[2]["error"]["reason"]
    # No error quotes the beginning of a picture.
    assert PHOTO[:20] not in json.dumps([items, refused.value.body])
    if kind != "binary":
        return
    (told,) = findings(es_url, "error")["mapping"]
    assert told.startswith("letters: attachment is mapped as binary, and its pipeline puts an object there")
    assert '"target_field": "image"' in told
    es.ingest.put_pipeline(id="attached", processors=[{"image": READS_ATTACHMENT | {"target_field": "image"}}])
    assert es.index(index="letters", document={"attachment": PHOTO})["result"] == "created"
    assert not any("attachment" in text for text in findings(es_url, "error").get("mapping", []))


@pytest.mark.parametrize("command", [[doctor], [enrich, "--once"]], ids=["doctor", "enrich"])
def test_an_index_that_is_not_there_is_an_error(es_url: str, command: list[Any]) -> None:
    result = CliRunner().invoke(command[0], [*command[1:], "--url", es_url, "--index", "nowhere"])
    assert result.exit_code == 1 and "there is no index nowhere" in result.output, result.output
    # A pattern may match nothing yet.
    result = CliRunner().invoke(command[0], [*command[1:], "--url", es_url, "--index", "nowhere*"])
    assert "there is no index" not in result.output
