"""Deletes documents, in two steps: what is to be deleted, and that it is.

The first answers with the version of each document. Between the two the script waits some seconds, in which one can
undo it; without script there is a page that asks. The second deletes a document only if it still is that version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, jsonify, render_template, request
from werkzeug.wrappers import Response

from pipelines.wording import counted, shown

from ...deleting import Deleted, delete_hits
from ...search import Hit, UserError
from ..context import writable_context
from ..documents import MOST, Current, asked_keys, current_ones, is_version, refresh
from ..page_query import PageQuery

blueprint = Blueprint("deleting", __name__)
_NAMED = ("title", "file_name", "image.sha256", "image.metadata.title")


@dataclass(frozen=True)
class DocumentVersion:
    """A version of a document, as it is written in forms: `seq_no:primary_term:index/id`."""

    index: str
    id: str
    seq_no: int
    primary_term: int

    @classmethod
    def of(cls, text: str) -> DocumentVersion:
        """Read what a page sends. Raises UserError if the text is not a version."""
        seq_no, _, rest = text.partition(":")
        primary_term, _, key = rest.partition(":")
        index, _, id = key.partition("/")
        try:
            version = cls(index, id, int(seq_no), int(primary_term))
        except ValueError as error:
            raise _not_ours() from error
        # One of these would have Elasticsearch refuse all others beside it.
        if not id or not is_version(version.seq_no, version.primary_term):
            raise _not_ours()
        return version

    def __str__(self) -> str:
        return f"{self.seq_no}:{self.primary_term}:{self.index}/{self.id}"


@blueprint.post("/delete/ask")
def ask() -> Response | str:
    """The documents and their versions: as JSON for the script, otherwise as a page that asks."""
    here, keys = writable_context(), asked_keys()
    documents = [(_version(one), shown(one.hit.title), one.hit) for one in current_ones(here, keys, _NAMED)]
    if request.accept_mimetypes.best == "application/json":
        return jsonify(documents=[{"version": version, "title": title} for version, title, _ in documents])
    query = PageQuery.of(request.args)
    return render_template("delete.html", documents=documents, query=query, settings=here.settings)


@blueprint.post("/delete")
def delete() -> Response | str:
    """Delete the documents that are still the versions of the form."""
    here = writable_context()
    versions = [DocumentVersion.of(text) for text in request.form.getlist("version")[: MOST + 1]]
    if not versions or len(versions) > MOST:
        raise UserError(f"name 1 to {MOST} documents")
    # 404 for those of other indices, and one that is not there any more needs no deletion.
    there = current_ones(here, [(one.index, one.id) for one in versions], ("title",))
    still = {one.hit.key: one.hit for one in there}
    done = Deleted(changed=len(versions) - len(there))
    hits = (_as_seen(one, hit) for one in versions if (hit := still.get((one.index, one.id))))
    delete_hits(here.client, hits, done, at_once=True)
    refresh(here.client, (one.index for one in versions))
    left = {one.hit.key for one in current_ones(here, list(still), ("title",))}
    here.looking.forget(key for key in still if key not in left)
    failed = [f"{shown(one['id'])}: {one['reason']}" for one in done.failed]
    heading, *others = _parts(done.deleted, done.changed, failed)
    if request.accept_mimetypes.best == "application/json":
        sentence = ", ".join([heading, *others])
        return jsonify(deleted=done.deleted, changed=done.changed, failed=failed, sentence=sentence)
    return render_template(
        "done.html",
        heading=heading,
        more=", ".join(others),
        failed=failed,
        query=PageQuery.of(request.args),
        settings=here.settings,
    )


def _not_ours() -> UserError:
    return UserError("this form was not made by the gallery")


def _version(document: Current) -> str:
    return str(DocumentVersion(*document.hit.key, document.seq_no, document.primary_term))


def _as_seen(version: DocumentVersion, hit: Hit) -> dict[str, Any]:
    return {**hit.place, "_seq_no": version.seq_no, "_primary_term": version.primary_term}


def _parts(deleted: int, changed: int, failed: list[str]) -> list[str]:
    parts = [f"{counted(deleted, 'picture')} deleted"]
    parts += [f"{changed} changed or deleted by somebody meanwhile"] if changed else []
    parts += [f"{len(failed)} could not be deleted"] if failed else []
    return parts
