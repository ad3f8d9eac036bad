"""Query builders, filters, colours, hashes and ranking: pure functions."""

from __future__ import annotations

import random
from typing import Any

import pytest
from rich.console import Console

from ingest_image.search import Hit, Question, Sample
from ingest_image.search.comparing.hashes import nearest, variants
from ingest_image.search.comparing.union import Union
from ingest_image.search.found.hits import compared
from ingest_image.search.found.ranking import fuse, one_after_the_other
from ingest_image.search.found.reasons import Reason
from ingest_image.search.found.table import answer_table
from ingest_image.search.questions.filters import Filters, parse_filter
from ingest_image.search.questions.sample import sample_of
from ingest_image.search.requests.queries import likeness_bodies, plain_query, words_query
from ingest_image.search.stored.schema import Schema, merged
from processor_service.hash_variants import VARIANTS, distance
from processor_service.wire.fields import mapping
from tests.helpers.pictures import opened, picture
from tests.helpers.turned_hashes import pdq_variants

SCHEMA = merged([{"properties": {"title": {"type": "text"}, "image": mapping()}}])
RANDOM = random.Random(7)
SHA = "aa" * 32
HASH = f"{RANDOM.getrandbits(256):064x}"


def flipped(bits: int, value: str = HASH) -> str:
    return f"{int(value, 16) ^ ((1 << bits) - 1):064x}"


def hit(id: str, **image: Any) -> Hit:
    return Hit("images", id, {"image": image})


class TestSchema:
    def test_of_our_mapping(self) -> None:
        assert SCHEMA.hash_vector == "image.perceptual_hashes.bits"
        single = {"image": {"properties": {"perceptual_hash": {"type": "dense_vector", "element_type": "bit"}}}}
        assert merged([{"properties": single}]).hash_vector == "image.perceptual_hash"
        assert SCHEMA.types["image.metadata.camera.keyword"] == "keyword"

    @pytest.mark.parametrize("place", ["embedding", "embedding.vector"])
    def test_an_embedding_is_used_where_there_is_one(self, place: str) -> None:
        definition: dict[str, Any] = {"type": "dense_vector", "dims": 3}
        for name in reversed(place.split(".")):
            definition = {"properties": {name: definition}}
        assert merged([{"properties": {"image": definition}}]).embedding == f"image.{place}"

    def test_bands_are_looked_up_only_as_keywords(self) -> None:
        assert SCHEMA.has_bands
        guessed: dict[str, Any] = {"properties": {"image": {"properties": {"perceptual_hashes": {"properties": {}}}}}}
        hashes = guessed["properties"]["image"]["properties"]["perceptual_hashes"]["properties"]
        hashes["bits"] = {"type": "dense_vector", "element_type": "bit"}
        assert not merged([guessed]).has_bands
        hashes["bands"] = {"type": "text"}
        assert not merged([guessed]).has_bands

    def test_of_nothing(self) -> None:
        assert merged([]) == Schema() == merged([{}])


class TestWords:
    @pytest.mark.parametrize(
        ("text", "query"),
        [
            ("Lake", "lake"),
            ("Teal bridge", "teal AND bridge"),
            ("lake OR sea", "lake OR sea"),
            ('"red dot"', '"red dot"'),
            ("title:lake x", "title:lake x"),
        ],
    )
    def test_plain_words_may_be_in_different_fields(self, text: str, query: dict[str, Any]) -> None:
        assert words_query(text)["query_string"]["query"] == query


class TestFilters:
    @pytest.mark.parametrize(
        ("text", "clause"),
        [
            ("format:jpeg", {"term": {"image.format": "jpeg"}}),
            ("format:jpeg,png", {"terms": {"image.format": ["jpeg", "png"]}}),
            ("shape:portrait", {"term": {"image.orientation": "portrait"}}),
            ("size:large", {"term": {"image.size_class": "large"}}),
            ("width:>=800", {"range": {"image.width": {"gte": "800"}}}),
            ("width:800..900", {"range": {"image.width": {"gte": "800", "lte": "900"}}}),
            ("sharpness:..0.5", {"range": {"image.sharpness": {"lte": "0.5"}}}),
            ("iso:100", {"term": {"image.metadata.iso": "100"}}),
            ("blank:true", {"term": {"image.blank": "true"}}),
            ("camera:NIKON D750", {"term": {"image.metadata.camera.keyword": "NIKON D750"}}),
            ("caption:the bridge", {"match_phrase": {"image.metadata.caption": "the bridge"}}),
            ("taken:2020-05", {"range": {"image.metadata.taken_at": {"gte": "2020-05||/M", "lte": "2020-05||/M"}}}),
            ("taken:2019..2020", {"range": {"image.metadata.taken_at": {"gte": "2019||/y", "lte": "2020||/y"}}}),
            (
                "place:-33.86, 151.21, 50km",
                {"geo_distance": {"distance": "50km", "image.metadata.location": {"lat": -33.86, "lon": 151.21}}},
            ),
            ("title:*", {"exists": {"field": "title"}}),
            ("image.original.width:5", {"term": {"image.original.width": "5"}}),
            ("format:JPG", {"term": {"image.format": "jpeg"}}),
            ("format:jpg,png", {"terms": {"image.format": ["jpeg", "png"]}}),
            ("!format:png", {"bool": {"must_not": [{"term": {"image.format": "png"}}]}}),
        ],
    )
    def test_clauses(self, text: str, clause: dict[str, Any]) -> None:
        assert parse_filter(text, SCHEMA) == clause

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("jpeg", "is not a filter; valid are field:value"),
            ("wide:5", "there is no field 'wide'"),
            ("form:5", "did you mean format"),
            ("width:broad", "is a number"),
            ("taken:someday", "is not a date; valid are 2020"),
            ("place:here", "is not a place; valid is for example"),
        ],
    )
    def test_what_is_wrong_is_said(self, text: str, says: str) -> None:
        with pytest.raises(ValueError, match=says):
            parse_filter(text, SCHEMA)


class TestHashes:
    def test_distance(self) -> None:
        assert (distance(HASH, HASH), distance(HASH, flipped(5))) == (0, 5)

    @pytest.mark.parametrize("name", ["skimage/astronaut.png", "pillow/flower.jpg", "skimage/coins.png"])
    def test_variants_are_nearly_those_of_the_pixels(self, name: str) -> None:
        import numpy as np

        exact = pdq_variants(np.asarray(opened(picture(name)).convert("L")))
        found = variants(exact["upright"])
        assert list(found) == list(VARIANTS)
        assert found["upright"] == exact["upright"]
        assert max(distance(found[way], exact[way]) for way in found) <= 14

    def test_turning_four_times_is_nothing(self) -> None:
        assert variants(variants(HASH)["rotate_90"])["rotate_270"] == HASH
        assert variants(variants(HASH)["transverse"])["transverse"] == HASH

    def test_nearest(self) -> None:
        turned = variants(HASH)["flip_vertical"]
        assert nearest(HASH, [turned], turned=True) == (0, "flip_vertical")
        found = nearest(HASH, [turned])
        assert found and found[0] > 60
        assert nearest(HASH, []) is None


class TestReasons:
    SAMPLE = Sample("it", frozenset({SHA}), (HASH,))

    @pytest.mark.parametrize(
        ("image", "reason", "bits"),
        [
            ({"sha256": SHA}, "exact", 0),
            ({"sha256": "bb" * 32, "original": {"sha256": SHA}}, "exact", 0),
            ({"perceptual_hashes": {"hex": flipped(31)}}, "same picture", 31),
            ({"perceptual_hashes": {"hex": flipped(32)}}, "words", 32),
            ({"perceptual_hashes": {"hex": flipped(91)}}, "words", None),
            ({"perceptual_hash_quality": 10}, "words", None),
        ],
    )
    def test_reasons(self, image: dict[str, Any], reason: str, bits: int | None) -> None:
        found = compared(Hit("i", "1", hit("1", **image).source, reason=Reason.WORDS), self.SAMPLE, 31, False)
        assert (found.reason, found.distance) == (reason, bits)

    def test_farther_on_request_is_only_similar(self) -> None:
        found = compared(
            Hit("i", "1", hit("1", perceptual_hashes={"hex": flipped(40)}).source, reason=Reason.SAME),
            self.SAMPLE,
            48,
            False,
        )
        assert (found.reason, found.distance) == ("similar", 40)

    def test_a_list_of_pictures_is_as_near_as_its_nearest(self) -> None:
        pictures = [{"perceptual_hashes": {"hex": flipped(bits)}} for bits in (200, 3)]
        assert compared(Hit("i", "1", {"image": pictures}), self.SAMPLE, 31, False).distance == 3


class TestBodies:
    SAMPLE = sample_of(
        "it",
        {
            "sha256": SHA,
            "perceptual_hashes": {"hex": HASH},
            "colors": [{"hex": "#010101", "l": 1.0, "a": 1.0, "b": 1.0, "share": 0.5}],
        },
    )

    def test_a_question_without_sample(self) -> None:
        assert plain_query(Question("lake", filters=Filters(others=({"term": {"x": 1}},))))["bool"]["filter"] == [
            {"term": {"x": 1}}
        ]

    def test_kinds(self) -> None:
        assert list(likeness_bodies(Question("lake", self.SAMPLE), SCHEMA)) == [
            "exact",
            "same picture",
            "similar colours",
            "words",
        ]
        assert list(likeness_bodies(Question("lake", self.SAMPLE, near_duplicates=True), SCHEMA)) == [
            "exact",
            "same picture",
        ]

    def test_an_embedding_takes_the_place_of_the_colours(self) -> None:
        sample = Sample("it", embeddings=((0.1, 0.2),), colors=self.SAMPLE.colors)
        bodies = likeness_bodies(Question(sample=sample), Schema(embedding="image.embedding"))
        assert list(bodies) == ["similar"]
        assert bodies[Reason.SIMILAR]["knn"][0]["query_vector"] == [0.1, 0.2]

    def test_what_a_crop_leaves_of_a_vector_is_asked_for_by_itself(self) -> None:
        vector = tuple(float(number + 1) for number in range(282))
        sample = Sample("it", embeddings=(vector,), embedder="builtin-v1")
        schema = Schema(embedding="image.embedding")
        bodies = likeness_bodies(Question(sample=sample), schema)
        (whole,), (part,) = (bodies[reason]["knn"] for reason in (Reason.SIMILAR, Reason.PERHAPS_CROPPED))
        assert part["query_vector"] == [*[0.0] * 192, *vector[192:264], *[0.0] * 18]
        # A part of a vector has a smaller cosine.
        assert "similarity" in whole and "similarity" not in part
        assert (part["k"], bodies[Reason.PERHAPS_CROPPED]["size"], bodies[Reason.SIMILAR]["size"]) == (24, 24, 100)
        model = Sample("it", embeddings=(vector,), embedder="efficientnet-lite0")
        assert Reason.PERHAPS_CROPPED not in likeness_bodies(Question(sample=model), schema)

    @pytest.mark.parametrize("vector", [(0.1, 0.2), (0.1, *[0.0] * 281)], ids=["short", "without colours"])
    def test_a_vector_that_is_nothing_but_0_is_not_asked_for(self, vector: tuple[float, ...]) -> None:
        sample = Sample("it", embeddings=(vector,), embedder="builtin-v1")
        assert list(likeness_bodies(Question(sample=sample), Schema(embedding="image.embedding"))) == ["similar"]

    def test_eight_turns(self) -> None:
        bodies = likeness_bodies(Question(sample=self.SAMPLE, turned=True), SCHEMA)
        assert len(bodies[Reason.SAME]["knn"]) == 8

    def test_no_vector_is_asked_for_where_the_mapping_has_none(self) -> None:
        assert "same picture" not in likeness_bodies(Question(sample=self.SAMPLE), Schema())

    def test_a_stored_sample_is_no_answer_to_itself(self) -> None:
        sample = Sample("1", frozenset({SHA}), identity=("images", "1"))
        assert "must_not" in str(likeness_bodies(Question(sample=sample), SCHEMA)[Reason.EXACT])


def test_fusing() -> None:
    same = Hit("i", "same", {}, reason=Reason.SAME, distance=3)
    a, b, c = (Hit("i", id, {}) for id in "abc")
    assert [found.id for found in fuse([[same, a, b], [b, c]])] == ["b", "same", "a", "c"]
    assert [found.id for found in fuse([[a], [b]])] == ["a", "b"]
    assert fuse([]) == []
    assert one_after_the_other([[a, b], [b, c]]) == [a, b, c]


def test_union() -> None:
    union = Union()
    # Under two routings.
    union.join(("i", "twin"), ("i", "twin"))
    for one, other in (("a", "b"), ("c", "d"), ("d", "e"), ("b", "a"), ("x", "y"), ("e", "x")):
        union.join(("i", one), ("i", other))
    assert [[id for _, id in keys] for keys in union.clusters()] == [["c", "d", "e", "x", "y"], ["a", "b"]]


def test_what_documents_say_is_not_obeyed_by_the_terminal() -> None:
    hostile = Hit("images", "1", {"title": "\x1b[31mred [bold]x[/bold]\nnext", "image": None})
    console = Console(width=120)
    with console.capture() as capture:
        console.print(answer_table([hostile], with_reason=False))
    assert "\x1b[31m" not in capture.get()
    assert "[31mred [bold]x[/bold] next" in capture.get()


def test_of_indices_that_differ_what_can_be_asked_exactly_wins() -> None:
    ours = {"properties": {"image": mapping()}}
    guessed = {"properties": {"image": {"properties": {"format": {"type": "text"}, "width": {"type": "text"}}}}}
    for mappings in ([ours, guessed], [guessed, ours]):
        schema = merged(mappings)
        assert (schema.types["image.format"], schema.countable("image.width")) == ("keyword", "image.width")
