"""Changes the title, description and tags of a document."""

from __future__ import annotations

from elasticsearch import AuthorizationException, BadRequestError, ConflictError
from flask import Blueprint, render_template, request
from flask import redirect as redirected
from werkzeug.wrappers import Response

from pipelines.cluster.reasons import reason_of
from pipelines.cluster.sentences import diagnose
from pipelines.wording import capitalized, well_formed

from ...search import UserError
from ..context import Context, document_id, writable_context
from ..documents import Current, current, update
from ..labels import page_of
from ..page_query import PageQuery
from ..words import changes, fingerprint, parsed, word_fields, written

blueprint = Blueprint("editing", __name__)
# The document may be written meanwhile, though not its words: an enricher adds fields, somebody else turns it.
_TRIES = 5


@blueprint.get("/edit/<index>")
def form(index: str) -> str:
    """The form with the words of a document."""
    here = writable_context()
    return _form(here, current(here, index, document_id()))


@blueprint.post("/edit/<index>")
def save(index: str) -> Response | tuple[str, int]:
    """Write the words, if they are still those that the form was filled with; otherwise show the newer ones."""
    here, id, given = writable_context(), document_id(), well_formed(request.form.to_dict())
    for _ in range(_TRIES):
        document = current(here, index, id)
        try:
            wanted = parsed(given)
        except UserError as error:
            return _form(here, document, given, capitalized(str(error))), 400
        if given.get("was") != fingerprint(document.hit):
            break
        try:
            if changed := changes(document.hit, wanted):
                update(here.client, document, changed)
        except ConflictError:
            continue
        except (AuthorizationException, BadRequestError) as error:
            # What was written stays in the form.
            return _form(here, document, wanted, capitalized(diagnose(reason_of(error)))), error.status_code
        return redirected(page_of(document.hit, PageQuery.of(request.args)), 303)
    return _form(
        here, document, wanted, "Somebody changed this meanwhile. Save again to keep what is written here."
    ), 409


def _form(here: Context, document: Current, wanted: dict[str, str] | None = None, problem: str = "") -> str:
    hit, query = document.hit, PageQuery.of(request.args)
    return render_template(
        "edit.html",
        hit=hit,
        fields=word_fields(here.client, hit),
        # What somebody wrote into the form, and it is not yet.
        wanted=wanted or written(hit),
        was=fingerprint(hit),
        problem=problem,
        back=page_of(hit, query),
        query=query,
        settings=here.settings,
    )
