"""The page of all clusters of duplicates, on which one keeps one picture of a cluster and deletes the others."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from pipelines.cluster.bulks import BulkStopped
from pipelines.wording import counted

from ...deleting import Deleted, delete_hits
from ...duplicates.members import members
from ...search import Engine, Hit, UserError
from ...search.comparing.hashes import SAME_PICTURE
from ...search.comparing.union import Key
from ..context import context, writable_context
from ..documents import is_version, refresh
from ..page_query import PageQuery

blueprint = Blueprint("duplicates", __name__)
_ON_A_PAGE = 20
# At most this many pictures of a cluster are shown, and deleted at once.
_MEMBERS = 60
# Seconds that a page waits for a look at a small index, so that it has something to show.
_WAIT = 2.0


@blueprint.before_request
def refuse_with_login() -> None:
    """They are looked for in the background and kept for all, so they could be of documents that a user may not see."""
    if context().settings.login:
        abort(403, "With --login there is no page of duplicates; use: ingest-image duplicates")


@blueprint.get("/duplicates")
def duplicates() -> str:
    """The clusters, the largest first; while they are looked for, how far that is."""
    here = context()
    looking, engine = here.looking, here.engine()
    looking.start(wait=_WAIT)
    is_running = looking.is_running
    found = [] if is_running else looking.clusters or []
    pages = max(1, -(-len(found) // _ON_A_PAGE))
    number = min(max(1, request.args.get("page", 1, type=int)), pages)
    shown = found[(number - 1) * _ON_A_PAGE : number * _ON_A_PAGE]
    return render_template(
        "duplicates.html",
        settings=here.settings,
        looking=looking,
        is_running=is_running,
        total=len(found),
        clusters=[(len(keys), members(engine, keys[:_MEMBERS], SAME_PICTURE, True)) for keys in shown],
        number=number,
        origin=PageQuery(duplicates=number),
        pages=pages,
        done=_outcome(),
        version_of=_version,
    )


@blueprint.post("/duplicates/again")
def again() -> AnyResponse:
    """Look again."""
    context().looking.start(again=True, wait=_WAIT)
    return redirect(url_for(".duplicates"), 303)


@blueprint.post("/duplicates/keep")
def keep() -> str | AnyResponse:
    """Ask whether to delete the others, or do it: as they were shown, so what was written meanwhile stays."""
    here = writable_context()
    engine = here.engine()
    kept, *others = [_read(value, engine) for value in (request.form.get("keep", ""), *request.form.getlist("other"))]
    others = [one for one in others if _key(one) != _key(kept)][:_MEMBERS]
    if not others:
        raise UserError("there is no other picture to delete")
    # It may be gone by now: then the others are all that is left.
    first = engine.get(*_key(kept))
    number = max(1, request.form.get("page", 1, type=int))
    if request.form.get("sure") != "1":
        hits = [hit for one in others if (hit := _found(engine, _key(one)))]
        return render_template(
            "keep.html",
            settings=here.settings,
            kept=first,
            hits=hits,
            values=[json.dumps(one) for one in others],
            keep=json.dumps(kept),
            origin=PageQuery(duplicates=number),
        )
    done = Deleted()
    try:
        delete_hits(here.client, (_as_seen(engine, one) for one in others), done)
    except BulkStopped as error:
        raise UserError(str(error)) from error
    refresh(here.client, (one[0] for one in others))
    here.looking.forget(_key(one) for one in others if not _found(engine, _key(one)))
    outcome: dict[str, Any] = {"deleted": done.deleted, "changed": done.changed, "failed": len(done.failed)}
    return redirect(url_for(".duplicates", page=number, **outcome), 303)


def _found(engine: Engine, key: Key) -> Hit | None:
    try:
        return engine.get(*key)
    except UserError:
        return None


def _as_seen(engine: Engine, one: list[Any]) -> dict[str, Any]:
    """What is to be deleted; the routing, which is no part of the form, is that of the document as it is."""
    hit = _found(engine, _key(one)) or Hit(*_key(one), {})
    return {**hit.place, "_seq_no": one[2], "_primary_term": one[3]}


def _version(hit: Hit) -> str:
    """A document as it was shown, for a form."""
    return json.dumps([hit.index, hit.id, hit.seq_no, hit.primary_term])


def _read(value: str, engine: Engine) -> list[Any]:
    """Index, id and version in a form. Raises UserError if they are none, or of an index that is not shown."""
    try:
        index, id, seq_no, primary_term = json.loads(value)
    except (ValueError, TypeError, RecursionError):
        index = id = seq_no = primary_term = None
    fits = isinstance(index, str) and isinstance(id, str) and type(seq_no) is type(primary_term) is int
    if not fits or not id or not is_version(seq_no, primary_term) or index not in engine.schema.indices:
        raise UserError("this is not a picture of these indices")
    return [index, id, seq_no, primary_term]


def _key(one: list[Any]) -> Key:
    return one[0], one[1]


def _outcome() -> str:
    """What was done before this page, in a sentence; empty if nothing was."""
    deleted, changed, failed = (request.args.get(name, -1, type=int) for name in ("deleted", "changed", "failed"))
    if deleted < 0:
        return ""
    said = [f"{counted(deleted, 'picture')} deleted"]
    said += [f"{counted(changed, 'picture')} had changed meanwhile: kept"] * (changed > 0)
    said += [f"{counted(failed, 'picture')} could not be deleted"] * (failed > 0)
    return "; ".join(said)
