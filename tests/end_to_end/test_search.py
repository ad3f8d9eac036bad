"""Searching real pictures on real nodes: the engine, and the two commands."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner, Result
from elasticsearch import Elasticsearch
from PIL import Image, ImageDraw

from ingest_image.duplicates.command import duplicates
from ingest_image.search import Engine, Question, Sample, UserError
from ingest_image.search import engine as engine_module
from ingest_image.search.questions.colors import parse_color
from ingest_image.search.questions.filters import parse_filters
from ingest_image.search.sampling import find_sample, sample_of_open_file
from ingest_image.search_command import search
from tests.helpers.paths import ROOT
from tests.helpers.pictures import b64, encoded, opened, picture
from tests.helpers.searchable_picture import postcard

INDEX = "images-search"
Run = Callable[..., Result]
Ask = Callable[..., list[str]]


def flower() -> Image.Image:
    return opened(picture("pillow/flower.jpg")).convert("RGB")


def jpeg(image: Image.Image, quality: int = 90, **options: Any) -> bytes:
    return encoded(image.convert("RGB"), "JPEG", quality=quality, **options)


def texted() -> Image.Image:
    image = flower()
    ImageDraw.Draw(image).text((20, 20), "FOR SALE", fill="white", font_size=40)
    return image


def pictures() -> dict[str, tuple[str, bytes]]:
    """Id to title and bytes: a flower and its copies, three other pictures, a postcard, something blank."""
    image = flower()
    return {
        "flower": ("A flower in the garden", picture("pillow/flower.jpg")),
        "flower-copy": ("The same file", picture("pillow/flower.jpg")),
        "flower-small": ("Resized to a quarter", jpeg(image.resize((image.width // 4, image.height // 4)))),
        "flower-poor": ("Recompressed", jpeg(image, 30)),
        "flower-text": ("With a text over it", jpeg(texted())),
        "flower-turned": ("Turned right", jpeg(image.transpose(Image.Transpose.ROTATE_270))),
        "flower-mirrored": ("Mirrored", jpeg(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))),
        "flower-cropped": ("The middle of it", jpeg(image.crop((120, 90, 360, 270)))),
        "cat": ("Chelsea the cat", picture("skimage/chelsea.png")),
        "astronaut": ("Astronaut Eileen Collins", picture("skimage/astronaut.png")),
        "coins": ("Greek coins", picture("skimage/coins.png")),
        "postcard": ("Greetings", postcard()),
        "blank": ("Nothing to see", encoded(Image.new("RGB", (300, 300), "navy"))),
        "blank-too": ("Nothing here either", encoded(Image.new("RGB", (300, 200), "maroon"))),
    }


@pytest.fixture(scope="module")
def filled(es: Elasticsearch) -> Iterator[str]:
    """An index of real pictures, stored through a pipeline that keeps the rough place."""
    es.indices.delete(index=INDEX, ignore_unavailable=True)
    definition = json.loads((ROOT / "pipelines/definitions/ingest_pipelines/images.json").read_text())
    processors = definition["processors"]
    names = processors[0]["image"]["properties"]
    names[names.index("metadata")] = {"metadata": {"location": "coarse"}}
    names += [] if "embedding" in names else ["embedding"]
    es.ingest.put_pipeline(id="images-with-place", processors=processors)
    for id, (title, data) in pictures().items():
        document = {"title": title, "file_name": f"{id}.jpg", "image": {"data": b64(data)}}
        es.index(index=INDEX, id=id, document=document, pipeline="images-with-place")
    es.index(index=INDEX, id="broken", document={"title": "Broken", "image": {"data": b64(b"no picture")}})
    es.index(
        index=INDEX,
        id="album",
        document={"title": "Album", "image": [b64(picture("skimage/coins.png")), b64(jpeg(flower(), 50))]},
    )
    es.indices.refresh(index=INDEX)
    yield INDEX
    es.indices.delete(index=INDEX)
    es.ingest.delete_pipeline(id="images-with-place")


@pytest.fixture
def engine(es: Elasticsearch, filled: str) -> Engine:
    return Engine(es, filled)


@pytest.fixture
def ask(engine: Engine) -> Ask:
    """Ids of the answers to a question; filters are given as text."""

    def ask(**parts: Any) -> list[str]:
        parts["filters"] = parse_filters(parts.get("filters", ()), engine.schema)
        return [hit.id for hit in engine.search(Question(**parts), 100).hits]

    return ask


class TestWordsAndFilters:
    @pytest.mark.parametrize(
        ("words", "ids"),
        [
            ("cat", {"cat"}),
            ("Greek coins", {"coins"}),
            ("harbour", {"postcard"}),
            ("teal bridge", {"postcard"}),
            ("nikon", {"postcard"}),
            ("title:(cat OR astronaut)", {"cat", "astronaut"}),
            ("cat NOT chelsea", set()),
            ('unbalanced "quote cat', set()),
            ("cat/", {"cat"}),
            ("[", set()),
        ],
    )
    def test_words(self, ask: Ask, words: str, ids: set[str]) -> None:
        assert set(ask(words=words)) == ids

    @pytest.mark.parametrize(
        ("filters", "ids"),
        [
            (["camera:NIKON D750"], {"postcard"}),
            (["taken:2020"], {"postcard"}),
            (["taken:2020-02"], {"postcard"}),
            (["taken:2020-03"], set()),
            (["taken:2019..2020-02-29"], {"postcard"}),
            (["place:-33.86,151.21,50km"], {"postcard"}),
            (["place:-33.86,141.21,50km"], set()),
            (["blank:true"], {"blank", "blank-too"}),
            (["shape:square", "width:>=400"], {"astronaut"}),
            (["error:*"], {"broken"}),
            (["error:not_an_image"], {"broken"}),
            (["size:small", "color:teal"], {"postcard"}),
        ],
    )
    def test_filters(self, ask: Ask, filters: list[str], ids: set[str]) -> None:
        assert set(ask(filters=filters)) == ids

    def test_opposite(self, ask: Ask) -> None:
        assert "broken" not in ask(filters=["!error:*"])

    @pytest.mark.parametrize(
        ("color", "share", "ids"), [("teal", 0.5, ["postcard"]), ("#ff6600", 0.1, ["postcard"]), ("#ff6600", 0.5, [])]
    )
    def test_colors(self, ask: Ask, color: str, share: float, ids: list[str]) -> None:
        assert ask(colors=(parse_color(color, 5, share),)) == ids

    def test_more_of_a_color_comes_first(self, ask: Ask) -> None:
        assert ask(colors=(parse_color("maroon"),))[0] == "blank-too"

    def test_everything_page_by_page(self, engine: Engine) -> None:
        seen, after = [], None
        while True:
            answer = engine.search(Question(), 4, after)
            seen += [hit.id for hit in answer.hits]
            assert answer.total == 16
            after = answer.next
            if not after:
                break
        assert len(seen) == len(set(seen)) == 16
        assert seen[0] == "album"

    def test_a_mark_of_a_page_of_another_index_leads_nowhere(self, es: Elasticsearch, engine: Engine) -> None:
        for id in ("1", "2", "3"):
            es.index(index="secret-search", id=id, document={"title": "A lake"}, refresh=True)
        try:
            secret = Engine(es, "secret-search")
            mark = secret.search(Question("lake"), 1, secret.search(Question("lake"), 1).next).next
            found = engine.search(Question("lake"), 1, mark, with_facets=True)
            assert (found.total, found.hits, found.facets.counts) == (0, [], {})
        finally:
            es.indices.delete(index="secret-search")

    @pytest.mark.parametrize("text", ["taken:now+99999999999y", "place:999,999,5km"])
    def test_what_elasticsearch_cannot_read_is_told(self, engine: Engine, text: str) -> None:
        filters = parse_filters([text], engine.schema)
        with pytest.raises(UserError, match="this cannot be searched for"):
            engine.search(Question(filters=filters))

    def test_pages_are_of_one_state(self, es: Elasticsearch, engine: Engine) -> None:
        first = engine.search(Question(), 15)
        es.index(index=INDEX, id="late", document={"title": "Late"}, refresh=True)
        try:
            assert [hit.id for hit in engine.search(Question(), 15, first.next).hits] == ["flower"]
        finally:
            es.delete(index=INDEX, id="late", refresh=True)

    def test_a_page_that_has_expired_goes_on(self, es: Elasticsearch, index: str) -> None:
        """Each document is on one page, also those of one sequence number, in different shards."""
        es.indices.create(index=index, settings={"number_of_shards": 3})
        for number in range(20):
            es.index(index=index, id=str(number), document={"title": "same"})
        es.indices.refresh(index=index)
        expiring = Engine(es, index)
        for question in (Question(), Question("same")):
            answer, seen = expiring.search(question, 3), []
            while answer.next:
                seen += [hit.id for hit in answer.hits]
                assert answer.total == 20
                if pit := json.loads(base64.urlsafe_b64decode(answer.next + "==")).get("pit"):
                    es.close_point_in_time(id=pit)
                answer = expiring.search(question, 3, answer.next, with_facets=True)
            seen += [hit.id for hit in answer.hits]
            assert sorted(seen, key=int) == [str(number) for number in range(20)]
        with pytest.raises(UserError, match="not the cursor of a next page"):
            expiring.search(Question(), 4, "nonsense!")

    def test_page_views_leave_nothing_open(self, es: Elasticsearch, engine: Engine) -> None:
        def contexts() -> int:
            nodes = es.nodes.stats(metric="indices", index_metric="search")["nodes"].values()
            return sum(int(node["indices"]["search"]["open_contexts"]) for node in nodes)

        before = contexts()
        pages = [engine.search(Question(), 4) for _ in range(30)]
        assert contexts() == before
        last = engine.search(Question(), 40, pages[0].next)
        assert (len(last.hits), last.total, last.next, contexts()) == (12, 16, None, before)

    @pytest.mark.parametrize("most", [200, 1])
    def test_pictures_of_one_score_are_each_on_one_page(
        self, es: Elasticsearch, index: str, monkeypatch: pytest.MonkeyPatch, most: int
    ) -> None:
        monkeypatch.setattr(engine_module, "_MOST_SEEN", most)
        es.indices.create(index=index, settings={"number_of_shards": 3})
        for number in range(20):
            es.index(index=index, id=str(number), document={"title": "same"})
        es.indices.refresh(index=index)
        same, seen, after = Engine(es, index), [], None
        while True:
            answer = same.search(Question("same"), 3, after)
            seen += [hit.id for hit in answer.hits]
            assert answer.total == 20
            if not (after := answer.next):
                break
        assert sorted(seen, key=int) == [str(number) for number in range(20)]

    def test_an_index_that_is_not_there(self, es: Elasticsearch) -> None:
        assert Engine(es, "missing*").search(Question()).total == 0


class TestLikeness:
    COPIES: ClassVar = {"flower-copy", "flower-small", "flower-poor", "flower-text", "album"}
    # What a hash cannot see; pixels tell.
    CHANGED: ClassVar = {"flower-mirrored", "flower-cropped", "flower-turned"}

    def test_near_duplicates_of_a_stored_picture(self, engine: Engine) -> None:
        hits = engine.search(Question(sample=find_sample(engine, "flower"), near_duplicates=True), 50).hits
        assert {hit.id for hit in hits} == self.COPIES | self.CHANGED
        assert (hits[0].id, hits[0].reason, hits[0].distance) == ("flower-copy", "exact", 0)
        assert all(hit.reason == "same picture" for hit in hits[1:])
        by_hash, by_pixels = hits[1:-3], hits[-3:]
        assert all(hit.distance is not None and hit.distance <= 31 and hit.overlap is None for hit in by_hash)
        assert {hit.id for hit in by_pixels} == self.CHANGED
        assert all(hit.overlap is not None and hit.likeness for hit in by_pixels)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda image: image.crop((24, 18, 456, 342)), "the sample is a crop: 8[0-3] % of it, middle"),
            (lambda image: image.rotate(3, Image.Resampling.BICUBIC), "tilted right by 3 degrees"),
            (lambda image: image.resize((120, 90)), None),
        ],
        ids=["cropped", "3 degrees", "small"],
    )
    def test_changed_copies(
        self, engine: Engine, change: Callable[[Image.Image], Image.Image], words: str | None
    ) -> None:
        """What the hash does not know any more, pixels do; nothing else is taken for a copy."""
        sample = sample_of_open_file(engine, io.BytesIO(jpeg(change(flower()))), "changed")
        hits = {hit.id: hit for hit in engine.search(Question(sample=sample, near_duplicates=True), 50).hits}
        overlap = hits["flower"].overlap
        assert hits["flower"].reason == "same picture"
        assert (overlap is None) == (words is None)
        assert overlap is None or re.fullmatch(words or "", overlap.words)
        assert all(id.startswith("flower") or id == "album" for id in hits)

    def test_turned_and_mirrored_ones_on_request(self, engine: Engine) -> None:
        hits = engine.search(Question(sample=find_sample(engine, "flower"), near_duplicates=True, turned=True), 50).hits
        turns = {hit.id: hit.turn for hit in hits}
        assert set(turns) == self.COPIES | self.CHANGED
        assert (turns["flower-turned"], turns["flower-mirrored"], turns["flower-poor"]) == (
            "rotate_90",
            "flip_horizontal",
            None,
        )

    def test_a_file_is_looked_at_and_not_stored(self, es: Elasticsearch, engine: Engine, tmp_path: Path) -> None:
        path = tmp_path / "new.jpg"
        path.write_bytes(jpeg(flower().resize((300, 225)), 60))
        before = es.count(index=INDEX)["count"]
        hits = engine.search(Question(sample=find_sample(engine, str(path)), near_duplicates=True), 50).hits
        assert {hit.id for hit in hits} == self.COPIES | self.CHANGED | {"flower"}
        assert es.count(index=INDEX)["count"] == before

    def test_copies_narrowed_down(self, engine: Engine, ask: Ask) -> None:
        assert ask(sample=find_sample(engine, "flower"), near_duplicates=True, filters=["width:<=200"]) == [
            "flower-small"
        ]
        assert ask(sample=find_sample(engine, "flower"), near_duplicates=True, words="recompressed") == ["flower-poor"]

    def test_a_picture_and_words_are_ranked_together(self, engine: Engine, ask: Ask) -> None:
        found = ask(sample=find_sample(engine, "flower"), words="astronaut")
        assert "astronaut" in found[:3]
        assert set(found) >= self.COPIES

    def test_copies_come_before_similar_ones(self, engine: Engine) -> None:
        hits = engine.search(Question(sample=find_sample(engine, "flower")), 50).hits
        count = len(self.COPIES | self.CHANGED)
        assert {hit.id for hit in hits[:count]} == self.COPIES | self.CHANGED
        assert all(hit.reason == "similar" and not hit.copy for hit in hits[count:])

    def test_without_an_embedding_colours_are_compared(self, engine: Engine) -> None:
        sample = replace(find_sample(engine, "coins"), embeddings=())
        hits = engine.search(Question(sample=sample), 50).hits
        assert hits[0].id == "album"
        assert {hit.reason for hit in hits[1:]} == {"similar colours"}

    def test_vectors_of_another_embedder_are_not_compared(self, engine: Engine) -> None:
        sample = find_sample(engine, "flower")
        other = replace(sample, embedder="another", sha256=frozenset(), hashes=())
        assert engine.search(Question(sample=other), 50).hits == []
        shorter = replace(sample, embeddings=((1.0, 0.0),))
        assert {hit.reason for hit in engine.search(Question(sample=shorter), 50).hits} >= {
            "same picture",
            "similar colours",
        }

    def test_blank_pictures_are_no_copies_of_each_other(self, engine: Engine) -> None:
        answer = engine.search(Question(sample=find_sample(engine, "blank"), near_duplicates=True))
        assert answer.hits == []
        assert "too little structure" in answer.note

    def test_what_is_no_picture(self, engine: Engine) -> None:
        with pytest.raises(UserError, match="x: the bytes are of no accepted picture format"):
            sample_of_open_file(engine, io.BytesIO(b"no picture"), "x")
        with pytest.raises(UserError, match="there is no pipeline nowhere"):
            sample_of_open_file(engine, io.BytesIO(picture("pillow/flower.jpg")), "x", "nowhere")
        with pytest.raises(UserError, match="there is no document missing"):
            find_sample(engine, "missing")

    def test_pages(self, engine: Engine) -> None:
        question = Question(sample=find_sample(engine, "flower"), near_duplicates=True)
        first = engine.search(question, 4)
        second = engine.search(question, 4, first.next)
        ids = [hit.id for hit in first.hits + second.hits]
        assert (first.total, second.next, set(ids)) == (8, None, self.COPIES | self.CHANGED)

    def test_facets(self, engine: Engine) -> None:
        answer = engine.search(Question())
        facets = engine.facets(Question(), answer)
        assert ("NIKON D750", 1) in facets.counts["camera"]
        assert ("2020", 1) in facets.counts["taken"]
        assert ("not_an_image", 1) in facets.counts["error"]
        assert 0 < facets.stored_bytes < facets.original_bytes


@pytest.mark.parametrize("place", ["embedding", "embedding.vector"])
def test_an_embedding_is_used_where_the_mapping_has_one(es: Elasticsearch, place: str) -> None:
    """Also from Elasticsearch 9, which leaves vectors out of `_source`."""
    index = "vectors"
    vector: dict[str, Any] = {"type": "dense_vector", "dims": 3, "similarity": "cosine"}
    documents = {"a": [1, 0, 0.1], "b": [0.9, 0.1, 0], "c": [0, 1, 0]}
    es.indices.delete(index=index, ignore_unavailable=True)

    def nested(value: Any, wrap: Callable[[str, Any], Any]) -> Any:
        for name in reversed(place.split(".")):
            value = wrap(name, value)
        return value

    mapping = nested(vector, lambda name, below: {"properties": {name: below}})
    es.indices.create(index=index, mappings={"properties": {"image": mapping}})
    try:
        for id, values in documents.items():
            es.index(index=index, id=id, document={"image": nested(values, lambda name, below: {name: below})})
        es.indices.refresh(index=index)
        engine = Engine(es, index)
        sample = find_sample(engine, "a")
        assert sample.embeddings[0] == pytest.approx((1, 0, 0.1))
        hits = engine.search(Question(sample=sample)).hits
        assert [(hit.id, hit.reason) for hit in hits] == [("b", "similar")]
        assert isinstance(sample, Sample)
    finally:
        es.indices.delete(index=index)


@pytest.fixture
def run(es_url: str, filled: str) -> Run:
    def run(command: Any, *arguments: str) -> Result:
        return CliRunner().invoke(command, ["--url", es_url, *arguments])

    return run


class TestCommands:
    def test_a_table(self, run: Run) -> None:
        result = run(search, "--index", INDEX, "cat")
        assert result.exit_code == 0, result.output
        assert "Chelsea the cat" in result.output and "451x300 jpeg" in result.output
        assert result.output.strip().endswith("1 found")

    def test_json_has_no_pictures(self, run: Run) -> None:
        result = run(search, "--index", INDEX, "--json", "--size", "3")
        found = json.loads(result.output)
        assert (found["total"], len(found["hits"])) == (16, 3)
        following = json.loads(
            run(search, "--index", INDEX, "--json", "--size", "100", "--after", found["after"]).output
        )
        assert len(following["hits"]) == 13 and following["after"] is None
        assert not {"data", "thumbnail"} & set(re.findall(r'"(\w+)":', result.output))

    def test_near_duplicates(self, run: Run) -> None:
        result = run(search, "--index", INDEX, "--like", "flower", "--near-duplicate", "--turned")
        assert "same picture, rotate 90" in result.output
        assert "exact" in result.output and result.output.strip().endswith("8 found")

    def test_colors_and_filters(self, run: Run) -> None:
        result = run(search, "--index", INDEX, "--color", "#ff6600", "--filter", "taken:2020", "--color-share", "0.2")
        assert "Greetings" in result.output and "1 found" in result.output

    @pytest.mark.parametrize(
        ("arguments", "code", "says"),
        [
            (["--near-duplicate"], 2, "need --like"),
            (["--color", "tealish"], 2, "is not a colour; valid are"),
            (["--filter", "wide:5"], 2, "there is no field 'wide'"),
            (["--distance", "5"], 2, "--distance needs --like"),
            (["--color-share", "0.5"], 2, "need --color"),
            (["--like", "."], 1, ". is a folder"),
            (["--like", "missing"], 1, "there is no document missing"),
            (["--filter", "taken:someday"], 2, "is not a date"),
            (["--filter", "taken:2020-99"], 2, "is not a date"),
            (["--after", "x"], 1, "not the cursor of a next page"),
            (["zebra"], 0, "nothing found"),
        ],
    )
    def test_what_is_wrong_is_said(self, run: Run, arguments: list[str], code: int, says: str) -> None:
        result = run(search, "--index", INDEX, *arguments)
        assert result.exit_code == code, result.output
        assert says in result.output
        assert "Traceback" not in result.output

    @pytest.mark.parametrize("index", ["missing", "missing*", f"{INDEX},missing"])
    def test_an_index_that_is_not_there(self, run: Run, index: str) -> None:
        for result in (run(search, "--index", index, "cat"), run(duplicates, index)):
            assert (result.exit_code, result.output) == (1, f"Error: there is no index {index}\n")

    def test_likeness_is_said_where_it_is_known(self, run: Run) -> None:
        alike = run(search, "--index", INDEX, "--like", "flower", "--near-duplicate").output
        assert "likeness" in alike and "same picture, flip horizontal" in alike
        assert "likeness" not in run(search, "--index", INDEX, "cat").output

    def test_duplicates(self, run: Run) -> None:
        result = run(duplicates, INDEX, "--json")
        assert result.exit_code == 0, result.output
        clusters = [
            {document["_id"] for document in json.loads(line)["documents"]} for line in result.output.splitlines()
        ]
        # The album has the coins in it and the flower, which makes one cluster of both.
        assert clusters == [TestLikeness.COPIES | TestLikeness.CHANGED | {"flower", "coins"}]

    def test_duplicates_turned(self, run: Run) -> None:
        """By hashes alone."""
        assert "1 cluster, 7 pictures" in run(duplicates, INDEX, "--nearest", "0").output
        result = run(duplicates, INDEX, "--turned", "--nearest", "0")
        assert "1 cluster, 9 pictures" in result.output
        assert "same picture, flip horizontal" in result.output


def test_many_duplicates_over_several_pages(es: Elasticsearch) -> None:
    """Hashes only, more than a page: every cluster is found whole, and nothing else."""
    import random

    random.seed(3)
    from elasticsearch.helpers import bulk

    from ingest_image.duplicates.clusters import find_clusters

    index = "images-many"
    es.indices.delete(index=index, ignore_unavailable=True)
    actions = []
    for cluster in range(150):
        base = random.getrandbits(256)
        for copy in range(1 + cluster % 4):
            value = base
            for bit in random.sample(range(256), 5 * copy):
                value ^= 1 << bit
            text = f"{value:064x}"
            image = {"perceptual_hashes": {"algorithm": "pdq", "hex": text, "bits": text}}
            actions.append({"_index": index, "_id": f"{cluster}-{copy}", "image": image, "pipeline": "_none"})
    try:
        bulk(es, actions, refresh=True)
        clusters = find_clusters(Engine(es, index))
        expected = sorted(sorted((index, f"{n}-{c}") for c in range(1 + n % 4)) for n in range(150) if n % 4)
        assert sorted(clusters) == expected
    finally:
        es.indices.delete(index=index)
