"""Adds tags to several documents."""

from __future__ import annotations

from elasticsearch import ApiError, ConflictError, Elasticsearch, NotFoundError
from flask import Blueprint, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response

from pipelines.cluster.reasons import reason_of
from pipelines.cluster.sentences import diagnose
from pipelines.wording import counted, shown, well_formed

from ...search import UserError
from ...search.comparing.union import Key
from ..context import writable_context
from ..documents import asked_keys, check_shown, found_ones, refresh, update
from ..page_query import PageQuery
from ..words import LENGTHS, split, tags_of

blueprint = Blueprint("tagging", __name__)
# Of a document that others write at the same time.
_TRIES = 5


@blueprint.post("/tag")
def tag() -> Response | str:
    """Add the tags of the form to the documents of the form, each by an `_update`, as single changes are."""
    here, keys = writable_context(), asked_keys()
    tags = split(well_formed(request.form.get("tags", ""))[: LENGTHS["tags"]])
    if not tags:
        raise UserError("write the tags to add, with commas between them")
    # 404 before anything is written.
    check_shown(here, keys)
    failed = [line for key in keys if (line := _add(here.client, key, tags))]
    refresh(here.client, (index for index, _ in keys))
    sentence = f"{counted(len(keys) - len(failed), 'picture')} tagged"
    if request.accept_mimetypes.best == "application/json":
        return jsonify(tagged=len(keys) - len(failed), failed=failed, sentence=sentence)
    query = PageQuery.of(request.args)
    if not failed:
        return redirect(query.address, 303)
    return render_template("done.html", heading=sentence, failed=failed, query=query, settings=here.settings)


def _add(client: Elasticsearch, key: Key, tags: list[str]) -> str:
    """Why the tags could not be added to a document; empty when it has them."""
    for _ in range(_TRIES):
        found = found_ones(client, [key], ("title", "tags"))
        if not found:
            return f"{shown('/'.join(key))}: it was deleted"
        before = tags_of(found[0].hit)
        after = list(dict.fromkeys([*before, *tags]))
        if after == before:
            return ""
        try:
            update(client, found[0], {"tags": after}, visible=False)
            return ""
        except (ConflictError, NotFoundError):
            continue
        except ApiError as error:
            return f"{shown(found[0].hit.title)}: {diagnose(reason_of(error))}"
    return f"{shown('/'.join(key))}: others change it all the time"
