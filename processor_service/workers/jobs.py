"""A worker: reads requests from the web process, processes one picture at a time, and answers.

It is a process of its own because native decoders may hang, crash or eat memory on malicious bytes. The pool then
replaces this process, and no other picture is affected.
"""

from __future__ import annotations

import logging
import os
import resource
import sys
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import pybase64

from ..decoding.open import load_decoders
from ..document import failure, failure_json, what_stays
from ..embedders import preload
from ..errors import Code, ImageError, causes, defect, lacks_memory, out_of_memory
from ..features import all_features
from ..fields import OF_THE_DOCUMENT
from ..operations import all_operations
from ..pipeline import fields_and_pictures, render
from ..query_vector import FACE, asks_for_face, embed
from ..settings import Settings
from ..store.refusals import off as store_off
from ..timing import Stopwatch
from ..wire.payload import decode_payload
from ..wire.request import Request
from ..wire.values import MOST_OF_A_BYTE, memory_of_values
from .channel import Channel
from .given import LEAST, is_given
from .lack import identity_lack, lack
from .protocol import HAND_ON, Job
from .template import Starved, answer_requests

# Objects, keys and numbers of a request.
_SMALL = 1024 * 1024
# In bytes, of any picture.
_SHORTEST = 16
_LAST = frozenset(field.top for field in OF_THE_DOCUMENT)


def load(mark_key: str, recognizes: bool = False) -> Callable[[Channel], None]:
    """Load everything that pictures need. Returns the function that serves a worker's channel (template.py).

    `mark_key`: in hex. `recognizes`: whether it is a recognizer.
    """
    settings = Settings()
    if recognizes:
        settings.use_recognition()
    settings.use_mark_key(bytes.fromhex(mark_key))
    limit = settings.memory()[1]
    _limit_memory(limit)
    _quiet_decoders()
    load_decoders(settings)
    all_operations(), all_features()
    preload(settings)

    def serve(channel: Channel) -> None:
        if not is_given(limit, LEAST):
            raise Starved
        try:
            answer_requests(channel, answer, settings.picture_timeout)
        except MemoryError as error:
            if not is_given(limit):
                raise Starved from error
            raise

    def answer(job: Job, body: bytes) -> tuple[bytes, bytes]:
        summary, answer = handle(body, settings, job)
        if summary["code"] == Code.OUT_OF_MEMORY.code and not is_given(limit):
            # Nobody may store that as the picture's error.
            raise Starved
        return orjson.dumps(summary), answer

    return serve


class _HandOn(Exception):
    """The request needs a recognizer, and this worker is not one."""


def _request(body: Any, settings: Settings) -> Request:
    """The request, when it is for this worker. Raises ImageError, _HandOn."""
    request = Request.parse(body)
    if request.needs_store() and not settings.store_url:
        raise store_off()
    if not settings.recognizes() and (what := request.recognizer()):
        if refusal := _refusal(what, request.identifies(), settings):
            # With a few letters Elasticsearch tries a new inference endpoint, which it does not make when they are
            # refused in any other way than bad pictures are.
            if len(decode_payload(request.data, settings.max_image_bytes)) < _SHORTEST:
                raise ImageError(Code.NOT_AN_IMAGE, "so few bytes are not a picture")
            raise refusal
        raise _HandOn
    return request


def _refusal(what: str, identifies: str | None, settings: Settings) -> ImageError | None:
    """Why what needs a recognizer cannot be done here; None when it can.

    `identifies`: what of it asks whose faces they are.
    """
    if lacks := lack(settings):
        return ImageError(Code.RECOGNITION_OFF, f"{what} needs recognition, which this service does not have: {lacks}")
    if identifies and (lacks := identity_lack(settings)):
        return ImageError(
            Code.IDENTITY_OFF, f"{identifies} needs vectors of faces, which this service cannot make: {lacks}"
        )
    return None


def _process(body: Any, settings: Settings, watch: Stopwatch) -> tuple[dict[str, Any], bytes]:
    request = _request(body, settings)
    fields, stored, original = fields_and_pictures(request, settings, watch)
    details: dict[str, Any] = {"format": fields["format"], "stored_bytes": fields["bytes"]}
    # This process has no network: the web process puts pictures into the store (web/stored_pictures.py).
    kept = [(fields["format"], stored)] if request.external else []
    if request.keeps_original and not request.normalized:
        kept.append((fields["original"]["format"], original))
    answer = orjson.dumps({"fields": {**fields, "data": None}}) if request.external else _json(fields, stored)
    if not kept:
        return details, answer
    details["deposits"] = [(format_name, len(data)) for format_name, data in kept]
    return details, b"".join((*(data for _, data in kept), answer))


def _json(fields: dict[str, Any], picture: bytes) -> bytes:
    """The answer with the fields, as JSON. Documents keep their order: what people read first, then the picture, marks.

    The picture needs no escaping, so it is inserted here. orjson would copy it several times, and aborts when there is
    no memory for that.
    """
    marks = {name: fields[name] for name in fields if name in _LAST}
    others = {name: fields[name] for name in fields if name not in _LAST}
    encoded = pybase64.b64encode(picture)
    return b'{"fields":' + orjson.dumps(others)[:-1] + b',"data":"' + encoded + b'",' + orjson.dumps(marks)[1:] + b"}"


def _render(body: Any, settings: Settings, watch: Stopwatch) -> tuple[dict[str, Any], bytes]:
    data, format_name = render(_request(body, settings), settings, watch)
    return {"format": format_name, "stored_bytes": len(data)}, data


def _embed(body: Any, settings: Settings, watch: Stopwatch) -> tuple[dict[str, Any], bytes]:
    if not settings.recognizes() and asks_for_face(body):
        if refusal := _refusal(what := f"vector [{FACE}]", what, settings):
            raise refusal
        raise _HandOn
    fields = embed(body, settings, watch)
    return {"embedder": fields["embedder"]}, orjson.dumps({"fields": fields})


def _cut(body: Any, settings: Settings, watch: Stopwatch) -> tuple[dict[str, Any], bytes]:
    """What may be stored of a picture that another worker did not survive: the base64 of its field `data`, if any.

    `stays`: whether there is such a field.
    """
    with watch("cut"):
        stays = what_stays(body, most=settings.max_result_bytes)
        return {"stays": bool(stays)}, (stays.get("data") or "").encode()


# Each makes two things of a request's JSON: what to log and measure, and the answer's body.
_DO = {Job.PROCESS: _process, Job.RENDER: _render, Job.EMBED: _embed, Job.CUT: _cut}


def handle(body: bytes, settings: Settings, job: Job = Job.PROCESS) -> tuple[dict[str, Any], bytes]:
    """Do one job. Returns what to log and measure, and the answer's body. Never raises."""
    watch = Stopwatch()
    summary: dict[str, Any] = {"status": 200, "code": "ok"}
    request = None
    try:
        request = _parse(body)
        details, answer = _DO[job](request, settings, watch)
        summary |= details
    except _HandOn:
        answer = b""
        summary = {"status": 0, "code": HAND_ON}
    except ImageError as error:
        answer = failure_json(failure(error, request, settings.max_result_bytes))
        summary |= {"status": int(error.code.status), "code": error.code.code, "reason": error.reason}
        summary["causes"] = causes(error)
    except Exception as error:
        shortage = lacks_memory(error)
        refusal = out_of_memory(settings.memory()[0]) if shortage else defect(error)
        answer = failure_json(failure(refusal, request if shortage else None, settings.max_result_bytes))
        summary |= {"status": int(refusal.code.status), "code": refusal.code.code}
        if not shortage:
            summary |= _of_defect(error)
    return summary | {"seconds": {step: round(spent, 5) for step, spent in watch.seconds.items()}}, answer


def _of_defect(error: Exception) -> dict[str, Any]:
    # Only the frames: an exception's message could quote a document.
    trace = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    return {"defect": type(error).__name__, "trace": trace}


def _parse(body: bytes) -> Any:
    # orjson allocates twelve times the length, and aborts when a string does not fit after that, or crashes when an
    # object does not. Allocate as much first to get a MemoryError instead. Memory that is never written to costs
    # nothing.
    try:
        # Counting what is in it costs more than parsing it, so first try whether there is room for the worst.
        np.empty((13 + MOST_OF_A_BYTE) * len(body) + _SMALL, np.uint8)
    except MemoryError:
        np.empty(13 * len(body) + memory_of_values(body) + _SMALL, np.uint8)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if "memory" in error.msg:
            # orjson says "Not enough memory to allocate buffer for parsing".
            raise MemoryError from error
        raise ImageError(Code.INVALID_REQUEST, "the body is not JSON") from error


def _quiet_decoders() -> None:
    """Keep the messages of decoders out of the log: hundreds of lines for some malicious files.

    Errors carry the reason. libtiff writes to standard error directly. Python's own tracebacks still reach the log.
    """
    log = os.dup(2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    sys.stderr = os.fdopen(log, "w", buffering=1)
    logging.getLogger("PIL").addHandler(logging.NullHandler())


def _limit_memory(size: int) -> None:
    """Bound private memory in bytes: an allocation beyond it raises MemoryError instead of waking the OOM killer."""
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
