"""Hands stored pictures out as files: one, its original, or several as a zip."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, send_file
from werkzeug.exceptions import HTTPException

from pipelines.wording import shown

from ...export.names import as_one, file_name, numbered
from ...search import Hit, UserError
from ...search.comparing.union import Key
from ..context import Context, context
from ..documents import asked_keys, check_shown, found_ones
from .files import BYTES, Chosen, bytes_of, chosen_picture
from .kept import kept_picture

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

blueprint = Blueprint("downloads", __name__)
_ORIGINAL = ("original.format", "original.sha256", "original.stored")
_NAMED = ("title", "file_name", "file_path")
_IN_ZIP = tuple(f"image.{name}" for name in (*BYTES, "format", "sha256", "error", "metadata.title"))
_LEFT_OUT = "left out.txt"
_SANDBOX = {"Content-Security-Policy": "default-src 'none'; sandbox"}


@blueprint.get("/download/<index>/<int:number>")
def stored(index: str, number: int) -> Response:
    """The stored picture as a file with its original name."""
    with context().one_of_few():
        chosen = chosen_picture(index, number, *BYTES)
        data = bytes_of(context().settings, chosen) or abort(404)
    return _file(data, file_name(chosen.hit, chosen.place).name)


@blueprint.get("/original/<index>/<int:number>")
def original(index: str, number: int) -> Response:
    """What came in, if the store keeps it and the service hands it out."""
    settings = context().settings
    with context().one_of_few():
        hit, picture, place = chosen_picture(index, number, *_ORIGINAL)
        if not picture.original or not picture.original_sha256:
            abort(404)
        data = kept_picture(settings, hit, place, picture.original_sha256, original=True)
    if not data:
        raise UserError(
            "the service does not hand out this original: it must be in its store, with IMAGE_RENDER_ORIGINALS=true, "
            "and the gallery needs --service-url"
        )
    return _file(data, file_name(_came_as(hit), place).name)


@blueprint.post("/download")
def several() -> Response:
    """The pictures of the documents in the form, as a zip that is made while it is sent."""
    here, keys = context(), asked_keys()
    # Before the answer begins.
    check_shown(here, keys)
    end = here.begin_zip()
    answer = Response(_zipped(here.for_later(), keys), mimetype="application/zip", headers=_SANDBOX)
    answer.call_on_close(end)
    answer.headers.set("Content-Disposition", "attachment", filename="pictures.zip")
    return answer


class _Sink(io.RawIOBase):
    """Collects what the zip writes until it is sent."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def taken(self) -> bytes:
        """What was written since."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _zipped(here: Context, keys: list[Key]) -> Iterator[bytes]:
    """The zip in pieces, a document at a time in memory. One that cannot be had is named in a file at its end."""
    sink, taken, left_out = _Sink(), set[str](), list[str]()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for key in keys:
            try:
                with here.one_of_few():
                    for wanted, data in _pictures(here, key, left_out):
                        archive.writestr(_info(_free(wanted, taken)), data)
            except HTTPException as error:
                left_out.append(f"{shown('/'.join(key))}: {error.description}")
            # Others may go on while the client reads.
            yield sink.taken()
        if left_out:
            archive.writestr(_info(_free(PurePosixPath(_LEFT_OUT), taken)), "\n".join([*left_out, ""]))
    yield sink.taken()


def _pictures(here: Context, key: Key, left_out: list[str]) -> Iterator[tuple[PurePosixPath, bytes]]:
    for document in found_ones(here.client, [key], (*_NAMED, *_IN_ZIP)):
        hit = document.hit
        for place, picture in enumerate(hit.pictures):
            data = b"" if picture.error else bytes_of(here.settings, Chosen(hit, picture, place))
            if data:
                yield file_name(hit, place), data
            else:
                left_out.append(f"{shown(hit.title)}: {_why(picture.error.code if picture.error else '')}")
        if not hit.pictures:
            left_out.append(f"{shown(hit.title)}: no picture")


def _why(code: str) -> str:
    return f"not processed ({shown(code)})" if code else "the picture cannot be had from its store"


def _free(wanted: PurePosixPath, taken: set[str]) -> str:
    """The name, with a number if another file of the zip has it."""
    name, number = wanted, 1
    while as_one(name) in taken:
        number += 1
        name = numbered(wanted, number)
    taken.add(as_one(name))
    return str(name)


def _info(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, time.localtime()[:6])


def _came_as(hit: Hit) -> Hit:
    """The hit with pictures of the format that came in, by which their files are named."""
    images = [{"format": picture.original.format if picture.original else ""} for picture in hit.pictures]
    return Hit(hit.index, hit.id, {**hit.source, "image": images})


def _file(data: bytes, name: str) -> Response:
    """Not to be shown by browsers, whatever it is."""
    answer = send_file(io.BytesIO(data), "application/octet-stream", as_attachment=True, download_name=shown(name))
    answer.headers.update(_SANDBOX)
    return answer
