"""A pipeline with our processor `image`, written with Elasticsearch's own processors (docs/inference-way.md).

The definition with `image` is the only source. Its recipe goes into the request of an inference endpoint, its other
options into the steps around the processor `inference`. That processor handles only strings, so the picture goes out as
a string, and the map of fields comes back as one.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from processor_service.fields import NOT_OURS
from processor_service.wire.answer_schema import answer_schemas
from processor_service.wire.fields import all_fields, copies, top_level_names
from processor_service.wire.inference_way import PARTS, VECTOR_MISSING

from ..cluster.sentences import INFERENCE_FAILED
from ..resources import Body, fingerprint
from .options import ImageOptions, image_options

# Holds what the steps pass on to each other; removed at the end. The scripts use the same name.
TEMPORARY = "_image"
UNREADABLE = "inference_answer_unreadable"
# Behind the reason of what the service refused: the id of its line in the log. The scripts' own refusals have none.
_IN_THE_LOG = "{{#problem.request_id}}; request_id [{{{problem.request_id}}}]{{/problem.request_id}}"
_SCRIPTS = Path(__file__).parent
# Of each field that is an object: the names in it.
_NAMES_BELOW = {
    **{name: list(schema["properties"]) for name, schema in answer_schemas().items() if "properties" in schema},
    "error": ["code", "reason", "request_id"],
}
# Texts that Elasticsearch adds to the document's own fields.
_METADATA = ["_index", "_id", "_routing", "_version_type", "_op_type", "_dynamic_templates"]


def inference_pipeline(definition: Body, endpoint: str) -> Body:
    """The definition with `image` replaced by steps that call this inference endpoint.

    Raises NotExpressible.
    """
    options = image_options(definition)
    body = copy.deepcopy(definition)
    body["processors"] = [
        step
        for processor in body["processors"]
        for step in (steps(options, endpoint) if "image" in processor else [processor])
    ]
    body["_meta"]["fingerprint"] = fingerprint(body)
    return body


def steps(options: ImageOptions, endpoint: str) -> list[Body]:
    """The processors that do what `image` with these options does."""
    # The field is gone after an error was recorded.
    here, answer = f"ctx.{TEMPORARY}?", f"{TEMPORARY}.fields"
    refuse_invalid = _fail(f"{answer}.error", f"{here}.fields?.error != null", _IN_THE_LOG)
    return [
        _script(
            "prepare",
            field=options.field,
            ignore_missing=options.ignore_missing,
            embeds=options.embeds,
            vector_lists=options.vector_lists,
            names=list(top_level_names()),
            pictures={field.name: field.longest for field in all_fields() if field.holds_picture},
            metadata=_METADATA,
            parts=list(PARTS),
            vector_missing=VECTOR_MISSING,
        ),
        _fail(f"{TEMPORARY}.refused", f"{here}.refused != null"),
        {
            "inference": {
                "model_id": endpoint,
                "input_output": [{"input_field": f"{TEMPORARY}.input", "output_field": f"{TEMPORARY}.result"}],
                "if": f"{here}.input != null",
                "on_failure": _on_failure(options, INFERENCE_FAILED),
            }
        },
        {
            "json": {
                "field": f"{TEMPORARY}.result",
                "target_field": answer,
                "if": f"{here}.result != null",
                "on_failure": _on_failure(options, UNREADABLE),
            }
        },
        *([] if options.record_invalid else [refuse_invalid]),
        _script(
            "merge",
            f"{here}.fields != null",
            field=options.field,
            names=[name for name in top_level_names() if name not in NOT_OURS],
            below=_NAMES_BELOW,
            copies=copies(),
            ignore_missing=options.ignore_missing,
            keep_invalid=options.keep_invalid,
        ),
        {"remove": {"field": TEMPORARY, "ignore_missing": True}},
    ]


def _script(name: str, condition: str | None = None, **params: Any) -> Body:
    source = (_SCRIPTS / f"{name}.painless").read_text("utf-8")
    return {"script": {"source": source, "params": params, **({"if": condition} if condition else {})}}


def _fail(problem: str, condition: str, more: str = "") -> Body:
    message = ("[{{{problem.code}}}] {{{problem.reason}}}" + more).replace("problem", problem)
    return {"fail": {"message": message, "if": condition}}


def _on_failure(options: ImageOptions, code: str) -> list[Body]:
    """Refuse the document, as its picture was not processed; or keep it with an error, if the pipeline says so."""
    reason = "{{{_ingest.on_failure_message}}}"
    if not (options.record_invalid and options.keep_invalid):
        return [{"fail": {"message": f"[{code}] {reason}"}}]
    error = f"{options.field}.error"
    return [
        {"set": {"field": f"{error}.code", "value": code}},
        {"set": {"field": f"{error}.reason", "value": reason}},
        {"remove": {"field": TEMPORARY, "ignore_missing": True}},
    ]
