"""Searching real pictures on real nodes by words, filters and colours, page by page."""

from __future__ import annotations

import base64
import json

import pytest
from elasticsearch import Elasticsearch

from ingest_image.search import Engine, Question, UserError
from ingest_image.search import engine as engine_module
from ingest_image.search.questions.colors import parse_color
from ingest_image.search.questions.filters import parse_filters

from .filled import INDEX, Ask


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
