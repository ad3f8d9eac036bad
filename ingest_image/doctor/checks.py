"""All checks, in their order. A check is a function; its name and docstring are shown to users."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from elasticsearch import ApiError, AuthorizationException

from pipelines.cluster.reasons import reason_of

from .check_cluster import licence, plugin, version
from .check_definitions import definitions, template
from .check_documents import bands, errors, pending, unprocessed
from .check_indices import blocks, codec, indices, mapping
from .check_limits import in_flight, rejections, sizes, timeouts
from .check_makers import embedder, models, stale
from .check_service import identity, picture, recognition, service, token
from .check_store import store
from .finding import Finding, warn
from .installation import Installation

Check = Callable[[Installation], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    version,
    licence,
    plugin,
    definitions,
    template,
    picture,
    service,
    token,
    recognition,
    identity,
    store,
    sizes,
    timeouts,
    in_flight,
    rejections,
    indices,
    blocks,
    mapping,
    codec,
    errors,
    unprocessed,
    pending,
    stale,
    models,
    bands,
    embedder,
)


def examine(installation: Installation) -> Iterator[Finding]:
    """Make every check. When one is not possible, that is a finding, and the others go on."""
    for check in CHECKS:
        name = check.__name__
        try:
            for finding in check(installation):
                yield Finding(finding.level, finding.what, finding.advice, name)
        except AuthorizationException as error:
            found = warn(
                f"this could not be checked: {reason_of(error)}",
                "run the doctor as a user with the privileges in docs/security.md",
            )
            yield Finding(found.level, found.what, found.advice, name)
        except ApiError as error:
            found = warn(
                f"this could not be checked: {reason_of(error)}", "see what the log of Elasticsearch says about it"
            )
            yield Finding(found.level, found.what, found.advice, name)
