"""A pipeline with our processor `image`, written with Elasticsearch's own processors (docs/inference-way.md).

The definition with `image` is the only source: its recipe goes into the request of an inference endpoint, the rest of
its options into the steps around the processor `inference`. Elasticsearch takes care of nothing but strings there, so
the picture goes out as one, and the map of fields comes back as one.
"""

from __future__ import annotations

import copy

from processor_service.fields import NOT_OURS, copies, top_level_names

from .check import INFERENCE_FAILED
from .inference_options import Options, image_options
from .resources import Body, fingerprint

# Behind the mark of a picture whose vector is not there: Elasticsearch hands documents out without (from 9.2 on).
LACKING = ":lacking"
# What the steps hand on to each other; removed at the end.
TEMPORARY = "_image"
_NO_BASE64 = "data must be a base64 string"
FAILED, UNREADABLE, INVALID = INFERENCE_FAILED, "inference_answer_unreadable", "invalid_base64"


def inference_pipeline(definition: Body, endpoint: str) -> Body:
    """The definition with steps in place of `image` that ask the inference endpoint of that id.

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


def steps(options: Options, endpoint: str) -> list[Body]:
    """The processors that do what `image` with these options does."""
    return [*_prepare(options), *_ask(options, endpoint), *_merge(options)]


def _prepare(options: Options) -> list[Body]:
    field = options.field
    here = f"ctx.{field}"
    refusals = [
        _fail(
            f"{here} != null && !({here} instanceof Map)",
            "lists_need_the_plugin",
            f"[{field}] must be an object with data, or a base64 string; lists of pictures need the plugin",
        ),
        _fail(
            # A list in a condition equals no other list.
            f"{here}?.operations != null && !({here}.operations instanceof List && {here}.operations.isEmpty())",
            "document_operations_disabled",
            "one-off operations of a document need the plugin",
        ),
        _fail(
            f"{here}?.url != null && {here}.data == null",
            "addresses_need_the_plugin",
            f"[{field}.url]: pictures are fetched for the plugin only",
        ),
    ]
    if not options.ignore_missing:
        refusals.append(
            _fail(
                f"{here}?.data == null && {here}?.mark == null",
                "missing_data",
                f"field [data] not present as part of path [{field}.data]",
            )
        )
    return [
        {"remove": {"field": TEMPORARY, "ignore_missing": True}},
        {"rename": {"field": field, "target_field": f"{field}.data", "if": f"{here} instanceof String"}},
        *refusals,
    ]


def _ask(options: Options, endpoint: str) -> list[Body]:
    field, sent, result = options.field, f"{TEMPORARY}.input", f"{TEMPORARY}.result"
    here, waiting = f"ctx.{field}", f"ctx.{TEMPORARY}"
    lacking = f"{here}.embedder != null && {here}.embedding == null"
    return [
        # The mark is sent behind the picture, by which the service knows what it has normalized before.
        {"set": {"field": sent, "copy_from": f"{field}.data", "if": f"{here}?.data != null"}},
        *([_mark(options, LACKING, f" && {lacking}")] if options.embeds else []),
        _mark(options),
        {
            "join": {
                "field": sent,
                "separator": ";mark=",
                "if": f"{waiting}?.input instanceof List && {here}.data instanceof String",
            }
        },
        # The endpoint would take `${` for the beginning of a parameter, the token's perhaps.
        {
            "fail": {
                "message": f"[{INVALID}] {_NO_BASE64}",
                "if": f"{waiting}?.input != null "
                f"&& (!({waiting}.input instanceof String) || {waiting}.input.contains('${{'))",
                **_on_failure(options, INVALID, _NO_BASE64),
            }
        },
        {
            "inference": {
                "model_id": endpoint,
                "input_output": [{"input_field": sent, "output_field": result}],
                "if": f"{waiting}?.input != null",
                **_on_failure(options, FAILED),
            }
        },
        {
            "json": {
                "field": result,
                "target_field": f"{TEMPORARY}.fields",
                "if": f"{waiting}?.result != null",
                **_on_failure(options, UNREADABLE),
            }
        },
    ]


def _mark(options: Options, more: str = "", condition: str = "") -> Body:
    """Appends the mark once: then the input is a list, no string any more."""
    marked = f"ctx.{TEMPORARY}?.input instanceof String && ctx.{options.field}.mark instanceof String"
    value = f"{{{{{{{options.field}.mark}}}}}}{more}"
    return {"append": {"field": f"{TEMPORARY}.input", "value": value, "if": marked + condition}}


def _merge(options: Options) -> list[Body]:
    field, came = options.field, f"{TEMPORARY}.fields"
    here = f"ctx.{TEMPORARY}?.fields"
    names = [name for name in top_level_names() if name not in NOT_OURS and name not in ("operations", "error")]
    refused = [
        _fail(f"{here}?.error != null", "refused", f"[{{{{{{{came}.error.code}}}}}}] {{{{{{{came}.error.reason}}}}}}")
    ]
    return [
        *([] if options.record_invalid else refused),
        # Nothing of an earlier picture stays; what the writer has put beside it does.
        {
            "remove": {
                "field": [f"{field}.{name}" for name in (*names, "operations")],
                "ignore_missing": True,
                "if": f"{here} != null && ctx.{came}.unchanged == null",
            }
        },
        {"remove": {"field": f"{field}.error", "ignore_missing": True, "if": f"{here} != null"}},
        # The document may come back as Elasticsearch handed it out, without vectors (from 9.2 on).
        *(
            {
                "set": {
                    "field": f"{field}.{name}",
                    "copy_from": f"{field}.{source}",
                    "if": f"{here}?.unchanged != null"
                    f" && {_value(field, name)} == null && {_value(field, source)} != null",
                }
            }
            for name, source in copies().items()
        ),
        # For a picture that stays the mark also comes alone, when the token has changed, and a vector that was lacking.
        *(
            {"remove": {"field": f"{field}.{name}", "ignore_missing": True, "if": f"{here}?.{name} != null"}}
            for name in ("data", "mark", "embedder")
        ),
        *(
            {"rename": {"field": f"{came}.{name}", "target_field": f"{field}.{name}", "ignore_missing": True}}
            for name in ("data", *names, "error")
        ),
        {"remove": {"field": TEMPORARY, "ignore_missing": True}},
    ]


def _value(field: str, name: str) -> str:
    """In a condition: null when any part of it is not there."""
    return f"ctx.{field}?.{name.replace('.', '?.')}"


def _fail(condition: str, code: str, message: str) -> Body:
    text = message if code == "refused" else f"[{code}] {message}"
    return {"fail": {"message": text, "if": condition}}


def _on_failure(options: Options, code: str, reason: str = "{{{_ingest.on_failure_message}}}") -> Body:
    """Keep the document as it is, with the error; a picture that was normalized keeps its fields and its mark."""
    if not options.record_invalid:
        return {}
    error = f"{options.field}.error"
    return {
        "on_failure": [
            {"set": {"field": f"{error}.code", "value": code}},
            {"set": {"field": f"{error}.reason", "value": reason}},
            {"remove": {"field": TEMPORARY, "ignore_missing": True}},
        ]
    }
