"""The pages: the grid, and the page of one picture."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request

from pipelines.wording import capitalized

from ...search import Engine, Hit, Question, Results, UserError
from ...search.requests.found_words import FoundWords
from ...search.sampling import sample_of_document
from ..changing.operating import refusals
from ..context import context, document_id
from ..documents import MOST
from ..page_query import PageQuery, like_stored
from .chips import chips
from .details import sections
from .problems import problems_elsewhere
from .timeline import orders, timeline
from .world import map_address

blueprint = Blueprint("pages", __name__)
_NEIGHBOURS = 24


@blueprint.get("/")
def grid() -> tuple[str, int]:
    """The hits of the question in the address; without a question, everything, newest first."""
    here = context()
    engine = here.engine()
    query = PageQuery.of(request.args)
    sentence, results, question = "", Results(), Question()
    try:
        question = query.question(engine, here.dropped)
        size = _count_asked() or query.size or here.settings.page_size
        # Cards to be appended need no facets beside them.
        with_facets = request.headers.get("X-Part") != "cards"
        results = engine.search(question, size, request.args.get("after"), with_facets=with_facets)
    except UserError as error:
        sentence = capitalized(str(error))
    page = render_template(
        "grid.html",
        query=query,
        results=results,
        facets=results.facets,
        request_address=query.address_of("/request") if results.sent else "",
        map=map_address(query) if results.facets.located else "",
        months=timeline(results.facets, query),
        orders=orders(query, question, engine.schema) if len(results.hits) > 1 else [],
        sentence=sentence,
        sample=question.sample,
        person=question.person,
        chips=chips(query, asked.name if (asked := question.sample or question.person) else ""),
        settings=here.settings,
        more=query.with_(("after", results.next)) if results.next else None,
    )
    return page, 400 if sentence else 200


def _count_asked() -> int | None:
    """How many cards the script asks for at once, to show a list again; no part of the addresses in the answer."""
    count = request.headers.get("X-Count", type=int)
    return count and max(1, min(count, MOST))


@blueprint.get("/request")
def shown_request() -> tuple[str, int]:
    """The search that finds the hits of the question in the address, to be pasted into Dev Tools."""
    here = context()
    query = PageQuery.of(request.args)
    engine = here.engine()
    sentence, results = "", Results()
    try:
        results = engine.search(query.question(engine, here.dropped), query.size or here.settings.page_size)
    except UserError as error:
        sentence = capitalized(str(error))
    page = render_template(
        "request.html", query=query, sentence=sentence, results=results, settings=here.settings, back=query.address
    )
    return page, 400 if sentence else 200


@blueprint.get("/picture/<index>")
def picture(index: str) -> str:
    """One document: large, with its fields, its copies and similar pictures."""
    here = context()
    engine, id = here.allowed_engine(index), document_id()
    try:
        hit = engine.get(index, id)
    except UserError:
        abort(404)
    copies: list[Hit] = []
    alike: list[Hit] = []
    if any(picture.sha256 for picture in hit.pictures):
        found = _alike(engine, index, id)
        copies = [other for other in found if other.copy]
        alike = [other for other in found if not other.copy][:_NEIGHBOURS]
    query = PageQuery.of(request.args)
    elsewhere = problems_elsewhere(here.client, hit)
    return render_template(
        "picture.html",
        hit=hit,
        sections=sections(hit, elsewhere),
        elsewhere=elsewhere,
        copies=copies,
        alike=alike,
        query=query,
        found=FoundWords(here.client, hit, query.words),
        back=query.address,
        settings=here.settings,
        like=like_stored(index, id),
        refusals={} if here.settings.read_only else refusals(here.client, hit),
    )


def _alike(engine: Engine, index: str, id: str) -> list[Hit]:
    """Pictures like that of a document; none if it cannot be compared."""
    try:
        return engine.alike(Question(sample=sample_of_document(engine, id, index), turned=True)).hits
    except UserError:
        return []
