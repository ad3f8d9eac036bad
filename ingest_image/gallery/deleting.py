"""Deletes documents, in two steps: what is to be deleted, and that it is.

The first answers with the version of each document. Between the two the script waits some seconds, in which one can
undo it; without script there is a page that asks. The second deletes a document only if it still is that version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, jsonify, render_template, request
from werkzeug.wrappers import Response

from pipelines.cluster.bulks import failure_of, status_of
from pipelines.wording import counted, shown

from ..search import UserError
from .context import writable_context
from .documents import MOST, Current, asked_keys, current_ones
from .page_query import PageQuery

blueprint = Blueprint("deleting", __name__)
_GONE, _CHANGED = 404, 409
_NAMED = ("title", "file_name", "image.sha256", "image.metadata.title")


@dataclass(frozen=True)
class Version:
    """A version of a document, as it is written in forms: `seq_no:primary_term:index/id`."""

    index: str
    id: str
    seq_no: int
    primary_term: int

    @classmethod
    def of(cls, text: str) -> Version:
        """Raises UserError if the text is none."""
        seq_no, _, rest = text.partition(":")
        primary_term, _, key = rest.partition(":")
        index, _, id = key.partition("/")
        try:
            return cls(index, id, int(seq_no), int(primary_term))
        except ValueError as error:
            raise UserError("this form was not made by the gallery") from error

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
    versions = [Version.of(text) for text in request.form.getlist("version")[: MOST + 1]]
    if not versions or len(versions) > MOST:
        raise UserError(f"name 1 to {MOST} documents")
    # 404 for those of other indices, and one that is not there any more needs no deletion.
    there = current_ones(here, [(one.index, one.id) for one in versions], ("title",))
    deleted, changed, failed = 0, len(versions) - len(there), []
    still = {one.hit.key for one in there}
    operations = [{"delete": _action(one)} for one in versions if (one.index, one.id) in still]
    items = here.client.bulk(operations=operations, refresh=True)["items"] if operations else []
    for item in (one["delete"] for one in items):
        status = status_of(item)
        deleted += status < 300
        changed += status in (_GONE, _CHANGED)
        if status >= 300 and status not in (_GONE, _CHANGED):
            failed.append(f"{shown(item['_id'])}: {failure_of(item)}")
    sentence = _sentence(deleted, changed, failed)
    if request.accept_mimetypes.best == "application/json":
        return jsonify(deleted=deleted, changed=changed, failed=failed, sentence=sentence)
    query = PageQuery.of(request.args)
    return render_template("done.html", heading=sentence, failed=failed, query=query, settings=here.settings)


def _version(document: Current) -> str:
    return str(Version(*document.hit.key, document.seq_no, document.primary_term))


def _action(version: Version) -> dict[str, Any]:
    condition = {"if_seq_no": version.seq_no, "if_primary_term": version.primary_term}
    return {"_index": version.index, "_id": version.id, **condition}


def _sentence(deleted: int, changed: int, failed: list[str]) -> str:
    parts = [f"{counted(deleted, 'picture')} deleted"]
    parts += [f"{changed} changed or deleted by somebody meanwhile"] if changed else []
    parts += [f"{len(failed)} could not be deleted"] if failed else []
    return ", ".join(parts)
