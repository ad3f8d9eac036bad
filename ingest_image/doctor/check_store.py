"""The store for pictures, as the service reaches it."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.cluster.sources import pictures_at
from pipelines.recipes import uses_store
from pipelines.resources import Body
from pipelines.wording import shown
from processor_service.store.addresses import ADDRESS

from ..service import StoreProblem, check_store
from .check_service import recipes
from .finding import Finding, error, ok
from .installation import Installation

_SAMPLE = 50


def store(installation: Installation) -> Iterator[Finding]:
    """The service can write to its store, and has the pictures of a sample of documents. Only with `--service-url`."""
    service = installation.service
    if service is None or service.limits is None:
        return
    asking = [name for name in installation.pipelines if any(map(uses_store, recipes(installation, name)))]
    named = [key for index in installation.indices for key in _sample(installation, index)]
    keys = [key for key in named if ADDRESS.fullmatch(key)]
    if others := [key for key in named if key not in keys]:
        yield error(
            f"documents name what is no address in a store, for example {shown(others[0])}",
            "ingest-image store check INDEX lists them all",
        )
    if not service.limits.get("store"):
        if asking:
            yield error(
                f"the service at {service.url} has no store, so documents of {', '.join(asking)} are refused "
                "(store_off)",
                "set IMAGE_STORE_URL for the service (docs/store.md)",
            )
        elif keys:
            yield error(
                f"documents have pictures in a store, and the service at {service.url} has none",
                "set IMAGE_STORE_URL for the service (docs/store.md)",
            )
        else:
            yield ok("the service has no store, and no pipeline of the indices asks for one")
        return
    keys = keys[:_SAMPLE]
    try:
        missing = check_store(service, keys)
    except StoreProblem as problem:
        yield error(str(problem), "see what the service's log says about the store, and docs/store.md")
        return
    if missing:
        yield error(
            f"{len(missing)} of {len(keys)} pictures that documents name are not in the store",
            "ingest-image store check INDEX lists them all; is it the right store?",
        )
    else:
        yield ok(f"the service can write to its store, and has the pictures of a sample of {len(keys)}")


def _sample(installation: Installation, index: str) -> list[str]:
    """What some documents name as their address, by chance, in all targets of their pipelines."""
    targets = list(installation.targets(index))
    fields = [f"{target}.stored" for target in targets]
    # Where one of them is not mapped, the others are found.
    named: Body = {"bool": {"should": [{"exists": {"field": field}} for field in fields], "minimum_should_match": 1}}
    query: Body = {"function_score": {"query": named, "random_score": {}}}
    found = installation.client.search(index=index, query=query, size=_SAMPLE, source_includes=fields).body
    sources = [hit.get("_source") for hit in found["hits"]["hits"]]
    pictures = [one for source in sources for target in targets for one in pictures_at(source, target)]
    return [one["stored"] for one in pictures if isinstance(one, dict) and isinstance(one.get("stored"), str)]
