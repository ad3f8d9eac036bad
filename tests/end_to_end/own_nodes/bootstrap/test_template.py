"""The template that `ingest-image bootstrap` installs on real nodes: what is chosen for it, and what is in its way."""

from __future__ import annotations

from typing import Any

from elasticsearch import Elasticsearch

from tests.helpers.pictures import b64, picture

from .installed import TEMPLATE, Run, stored


def test_index_patterns_are_chosen_changed_and_kept(run: Run, es: Elasticsearch, service_url: str) -> None:
    run("--service-url", service_url, "--index-pattern", "photos*")
    assert stored(es, TEMPLATE)["index_patterns"] == ["photos*"]
    assert "current: index template" in run().output
    result = run("--index-pattern", "photos*", "--index-pattern", "scans")
    assert "updated: index template" in result.output
    assert stored(es, TEMPLATE)["index_patterns"] == ["photos*", "scans"]


def test_the_codec_is_chosen_and_kept(run: Run, es: Elasticsearch, service_url: str, es_version: str) -> None:
    run("--service-url", service_url)
    result = run("--codec", "best_compression")
    if es_version.startswith("9."):
        # The embedded node of this line has no native zstd, and would refuse every document.
        assert result.exit_code == 1 and "has no native zstd" in result.output
        assert "codec" not in stored(es, TEMPLATE)["template"]["settings"]["index"]
        return
    assert result.exit_code == 0 and "updated: index template" in result.output, result.output
    assert "current: index template" in run().output
    es.index(index="images-codec", document={"title": "a"}, refresh=True)
    assert es.indices.get_settings(index="images-codec").body["images-codec"]["settings"]["index"]["codec"] == (
        "best_compression"
    )
    assert "updated: index template" in run("--codec", "default").output
    assert "codec" not in stored(es, TEMPLATE)["template"]["settings"]["index"]


def test_the_place_of_vectors_is_chosen_and_kept(
    run: Run, es: Elasticsearch, service_url: str, es_version: str
) -> None:
    run("--service-url", service_url)
    result = run("--vectors", "in-source")
    if es_version.startswith("8."):
        assert result.exit_code == 1 and "in _source in any case" in result.output
        assert "mapping" not in stored(es, TEMPLATE)["template"]["settings"]["index"]
        assert vectors_in_hits(es, "images-as-always")
        return
    assert result.exit_code == 0 and "updated: index template" in result.output, result.output
    assert "current: index template" in run().output
    assert vectors_in_hits(es, "images-in-source")
    assert "updated: index template" in run("--vectors", "apart").output
    assert "mapping" not in stored(es, TEMPLATE)["template"]["settings"]["index"]
    assert not vectors_in_hits(es, "images-apart")


def vectors_in_hits(es: Elasticsearch, index: str) -> bool:
    """Whether a hit of a new index shows its vectors; a picture that is updated keeps them, wherever they are."""
    es.index(index=index, id="1", document={"image": {"data": b64(picture("pillow/hopper.jpg"))}}, refresh=True)
    es.update(index=index, id="1", doc={"title": "a title"}, refresh=True)
    (hit,) = es.search(index=index, fields=[{"field": "image.embedding"}], source_excludes=["image.data"])["hits"][
        "hits"
    ]
    assert hit["_source"]["title"] == "a title" and hit["fields"]["image.embedding"]
    wanted: dict[str, Any] = {"field": "image.embedding", "query_vector": hit["fields"]["image.embedding"], "k": 1}
    assert [one["_id"] for one in es.search(index=index, knn=wanted, source=False)["hits"]["hits"]] == ["1"]
    return "embedding" in hit["_source"]["image"]


def test_a_template_of_the_same_priority_in_the_way(run: Run, es: Elasticsearch, service_url: str) -> None:
    es.indices.put_index_template(name="theirs", index_patterns=["images-*"], priority=501)
    result = run("--service-url", service_url)
    assert result.exit_code == 1
    assert "priority" in result.output
    assert "theirs" in result.output


def test_a_template_that_wins_is_noted(run: Run, es: Elasticsearch, service_url: str) -> None:
    es.indices.put_index_template(name="theirs", index_patterns=["images"], priority=600)
    result = run("--service-url", service_url)
    assert result.exit_code == 0
    assert "note: a new index images would not get the pipeline" in result.output


def test_indices_older_than_the_template_are_noted(run: Run, es: Elasticsearch, service_url: str) -> None:
    es.indices.create(index="images-old")
    result = run("--service-url", service_url)
    assert result.exit_code == 0
    assert "note: already there before the template, so without pipeline and mapping: images-old" in result.output
    es.indices.put_settings(index="images-old", settings={"index.default_pipeline": "images"})
    assert "note" not in run().output
