"""The pages: the grid, and one picture."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request

from ..search import Answer, Engine, Hit, Question, UserError
from ..search.look import look_at_document
from .asked import Asked
from .chips import chips
from .context import asked_id, context
from .details import sections

blueprint = Blueprint("pages", __name__)
_NEIGHBOURS = 24


@blueprint.get("/")
def grid() -> tuple[str, int]:
    """What the address asks for; without a question, everything, newest first."""
    here = context()
    engine = here.engine()
    asked = Asked.of(request.args)
    sentence, answer, question = "", Answer(), Question()
    try:
        question = asked.question(engine, here.samples)
        size = asked.size or here.settings.page_size
        answer = engine.search(question, size, request.args.get("after"), with_facets=True)
    except UserError as error:
        sentence = str(error)[:1].upper() + str(error)[1:]
    page = render_template(
        "grid.html",
        asked=asked,
        answer=answer,
        facets=answer.facets,
        sentence=sentence,
        sample=question.sample,
        chips=chips(asked, question.sample.name if question.sample else ""),
        settings=here.settings,
        more=asked.with_(("after", answer.next)) if answer.next else None,
    )
    return page, 400 if sentence else 200


@blueprint.get("/picture/<index>")
def picture(index: str) -> str:
    """One document: large, with its fields, its copies and what is like it."""
    here = context()
    engine, id = here.allowed_engine(index), asked_id()
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
    asked = Asked.of(request.args)
    return render_template(
        "picture.html",
        hit=hit,
        sections=sections(hit),
        copies=copies,
        alike=alike,
        asked=asked,
        back=asked.without(),
        settings=here.settings,
        like=f"{index}/{id}",
    )


def _alike(engine: Engine, index: str, id: str) -> list[Hit]:
    """What is like a document; nothing when it cannot be compared, which is no reason not to show it."""
    try:
        return engine.alike(Question(sample=look_at_document(engine, id, index), turned=True))[0]
    except UserError:
        return []
