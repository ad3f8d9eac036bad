"""Runs a document through a pipeline without storing it."""

from __future__ import annotations

import re
from typing import Any, BinaryIO
from urllib.parse import quote

from elasticsearch import Elasticsearch

from ..picture_fields import PICTURES, under
from ..resources import Body
from .picture_body import PictureBody, send
from .reasons import reason_of_cause
from .sentences import CheckFailed, diagnose

# 4 x 3 pixels: red, and one of them blue.
TINY_PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAQAAAADCAIAAAA7ljmRAAAAH0lEQVR42mOUkzuxiiGMgYGBgYGB8YScHAMMMDEgAQBgygMNovl2zQAAAABJ"
    "RU5ErkJggg=="
)
# Seconds. The node gives up after `ingest.image.timeout`, 60 s by default, and its answer says more than ours would.
PATIENCE = 90


def simulated(client: Elasticsearch, pipeline: str | Body, source: Body, *, patience: float = PATIENCE) -> Body:
    """The `_source` that a pipeline, given by its name or itself, makes of a document with this one.

    `patience` in seconds.

    Raises:
        CheckFailed: the pipeline refuses the document; the sentence says what to do.
        ApiError: Elasticsearch refuses the request, for example because there is no such pipeline.
    """
    patient = client.options(request_timeout=patience)
    which: dict[str, Any] = {"id": pipeline} if isinstance(pipeline, str) else {"pipeline": pipeline}
    return _source(patient.ingest.simulate(**which, docs=[{"_source": source}]).body)


def simulated_picture(client: Elasticsearch, pipeline: str, picture: BinaryIO, needed: str) -> Body:
    """The fields that the pipeline makes of a large picture, with its thumbnail, but without the picture itself.

    What the pipeline adds later, which may take seconds, is asked for only if the property `needed` is among that.
    Raises as `simulated`.
    """
    image = _made(client, pipeline, picture, {})
    waits = image.get("pending")
    return _made(client, pipeline, picture, {"enrich": True}) if isinstance(waits, list) and needed in waits else image


def _made(client: Elasticsearch, pipeline: str, picture: BinaryIO, more: Body) -> Body:
    body = PictureBody(picture, lambda data: {"docs": [{"_source": {"image": {"data": data, **more}}}]})
    answer = send(
        client.options(request_timeout=PATIENCE),
        "POST",
        f"/_ingest/pipeline/{quote(pipeline, safe='')}/_simulate",
        body,
        filter_path=",".join(under((name for name in PICTURES if name != "thumbnail"), "-docs.doc._source.image")),
    )
    image = _source(answer).get("image")
    return image if isinstance(image, dict) else {}


def _source(answer: Any) -> Body:
    result = answer["docs"][0]
    if "error" in result:
        reason = reason_of_cause(result["error"])
        code = re.match(r"\[(\w+)\]", reason)
        raise CheckFailed(diagnose(reason), code[1] if code else "")
    # A pipeline that drops the document leaves none.
    source = (result.get("doc") or {}).get("_source")
    return source if isinstance(source, dict) else {}
