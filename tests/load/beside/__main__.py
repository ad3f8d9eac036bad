"""See the package."""

from __future__ import annotations

import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from elasticsearch import ApiError, Elasticsearch

from embedded_node import find_plugin_zip
from ingest_image.enrich.follow import GivenUp, follow
from tests.end_to_end.faults.test_faults import PHOTO
from tests.helpers.enrichers import LATER, enricher, waiting
from tests.helpers.pictures import b64
from tests.helpers.service import TOKEN, running_service
from tests.load.disturbed_bulks import nothing_held, outcome

from .node import NodeWithOthers

VERSION = "9.5.3"
BAD = b64(b"no picture at all")
Check = tuple[str, object, object]


def ours(field: str, **options: Any) -> dict[str, Any]:
    recipe = {"operations": [{"resize": {"width": 90}}], "properties": []}
    return {"image": {"field": field, **recipe, **options}}


def each(field: str, inner: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"foreach": {"field": field, "processor": inner, **options}}


def state(image: Any) -> str:
    """What became of a picture."""
    if not isinstance(image, dict):
        return "as it came"
    return (
        image["error"]["code"]
        if image.get("error")
        else f"{image.get('width')}{' marked' if image.get('mark') else ''}"
    )


class Pipelines:
    def __init__(self, es: Elasticsearch) -> None:
        self._es, self._count = es, 0

    def stored(self, document: dict[str, Any], *processors: dict[str, Any]) -> dict[str, Any]:
        """The document as these processors leave it."""
        self._count += 1
        name = f"p{self._count}"
        self._es.ingest.put_pipeline(id=name, processors=list(processors))
        # A list may have texts and objects, which a mapping could not be made of.
        self._es.indices.create(index=name, mappings={"dynamic": False})
        return self.again(document)

    def refused(self, document: dict[str, Any], *processors: dict[str, Any]) -> str:
        try:
            self.stored(document, *processors)
        except ApiError as error:
            return f"{error.status_code} {error}"
        return "stored"

    def again(self, document: dict[str, Any]) -> dict[str, Any]:
        """The same with the processors of the last time."""
        name = f"p{self._count}"
        self._es.index(index=name, id="1", document=document, pipeline=name)
        return dict(self._es.get(index=name, id="1")["_source"])


def lists(pipelines: Pipelines) -> Iterator[Check]:
    inner, recorded = "_ingest._value.image", {"on_invalid": "record"}
    objects = [{"t": "a", "image": PHOTO}, {"t": "b", "image": BAD}, {"t": "c", "image": {"data": PHOTO}}]
    found = pipelines.stored({"list": objects}, each("list", ours(inner, **recorded)))
    yield "objects", [state(one["image"]) for one in found["list"]], ["90 marked", "not_an_image", "90 marked"]
    yield "objects, the same document again", pipelines.again(found) == found, True
    for count in (3, 60):
        pictures = pipelines.stored({"list": [PHOTO] * count}, each("list", ours("_ingest._value")))
        yield f"{count} pictures", Counter(state(one) for one in pictures["list"]), Counter({"90 marked": count})
    said = pipelines.refused({"list": objects}, each("list", ours(inner, on_invalid="fail")))
    yield "fail", (said[:3], "_ingest._value.image" in said), ("400", True)
    ignored = ours(inner, on_invalid="fail", ignore_failure=True)
    found = pipelines.stored({"list": objects}, each("list", ignored))
    yield "ignore_failure", [state(one["image"]) for one in found["list"]], ["90 marked", "as it came", "90 marked"]


def others(pipelines: Pipelines, es: Elasticsearch) -> Iterator[Check]:
    es.ingest.put_pipeline(id="inner", processors=[ours("_ingest._value.image")])
    es.ingest.put_pipeline(id="plain", processors=[ours("image")])
    call = {"pipeline": {"name": "inner"}}
    found = pipelines.stored({"list": [{"image": PHOTO}] * 2}, each("list", call))
    yield "pipeline within foreach", [state(one["image"]) for one in found["list"]], ["90 marked"] * 2
    twice = {"pipeline": {"name": "plain"}}
    yield "the same pipeline twice", state(pipelines.stored({"image": PHOTO}, twice, twice)["image"]), "90 marked"
    steps = [
        {"set": {"field": "image", "copy_from": "upload"}},
        twice,
        {"remove": {"field": "upload"}},
        {"set": {"field": "wide", "copy_from": "image.width"}},
    ]
    found = pipelines.stored({"upload": PHOTO}, *steps)
    yield (
        "set, pipeline, remove, set",
        (state(found["image"]), found["wide"], "upload" in found),
        ("90 marked", 90, False),
    )
    message = {"set": {"field": "why", "copy_from": "_ingest.on_failure_message"}}
    es.ingest.put_pipeline(id="strict", processors=[ours("image", on_invalid="fail")])
    failing = {"pipeline": {"name": "strict", "on_failure": [message]}}
    yield "on_failure", "not_an_image" in pipelines.stored({"image": BAD}, failing)["why"], True


def conditions(pipelines: Pipelines) -> Iterator[Check]:
    document = {"image": PHOTO, "wanted": "yes"}
    wanted = ours("image", **{"if": "ctx.wanted == 'yes'"})
    yield "if that is true", state(pipelines.stored(document, wanted)["image"]), "90 marked"
    found = pipelines.stored(document | {"wanted": "no"}, wanted)
    yield "if that is false", found == document | {"wanted": "no"}, True
    bad = ours("image", on_invalid="fail", **{"if": "ctx.wanted == 'yes'"})
    yield "a bad picture, true", pipelines.refused(document | {"image": BAD}, bad)[:3], "400"
    yield "a bad picture, false", pipelines.refused({"image": BAD}, bad), "stored"
    inner = ours("_ingest._value", **{"if": "ctx.wanted == 'yes'"})
    for says, becomes in (("yes", "90 marked"), ("no", "as it came")):
        found = pipelines.stored({"list": [PHOTO] * 2, "wanted": says}, each("list", inner))
        yield f"within foreach, {says}", [state(one) for one in found["list"]], [becomes] * 2


def dropped(es: Elasticsearch) -> Iterator[Check]:
    es.ingest.put_pipeline(id="dropping", processors=[ours("image"), {"drop": {}}])
    es.ingest.put_pipeline(id="listed", processors=[each("list", ours("_ingest._value.image"))])
    operations: list[dict[str, Any]] = []
    for number in range(200):
        name = "dropping" if number % 8 == 0 else ("plain", "listed")[number % 2]
        document = {"list": [{"image": PHOTO}]} if name == "listed" else {"image": PHOTO}
        operations += [{"index": {"_index": "many", "_id": str(number), "pipeline": name}}, document]
    answer = es.bulk(operations=operations, refresh=True)
    seen = Counter(outcome(item["index"]) for item in answer["items"])
    yield f"a bulk of 200, {dict(seen)}, stored", es.count(index="many")["count"], 175
    shown = es.ingest.simulate(id="listed", docs=[{"_source": {"list": [{"image": PHOTO}]}}], verbose=True)
    yield "results of simulate verbose", len(shown["docs"][0]["processor_results"]), 1
    yield "held afterwards", nothing_held(es), 0


def waiting_and_dropped(es: Elasticsearch) -> Iterator[Check]:
    name, wanted = "later", {"if": "ctx.wanted == 'no'"}
    es.ingest.put_pipeline(id=name, processors=[{"image": LATER}])
    es.indices.create(index=name, settings={"index.default_pipeline": name})
    for id in ("yes", "no"):
        es.index(index=name, id=id, document={"wanted": id, "image": {"data": PHOTO}}, refresh=True)
    es.ingest.put_pipeline(id=name, processors=[{"image": LATER}, {"drop": wanted}])
    working, said = enricher(es, name), ""
    try:
        follow(working, threading.Event(), once=True)
    except GivenUp as error:
        said = str(error)
    expected = "1 document can neither be enriched nor written, see above"
    yield "what waits and is dropped, what waits", (said, waiting(es, name)), (expected, ["no"])


@contextmanager
def running() -> Iterator[Elasticsearch]:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(Path(folder) / "log", workers="2") as service,
        NodeWithOthers(
            es_version=VERSION,
            plugin_zip=find_plugin_zip(VERSION),
            token=TOKEN,
            heap="512m",
            quick_start=True,
            settings={"ingest.image.hosts": service.url},
        ) as node,
    ):
        yield Elasticsearch(node.url, request_timeout=300, max_retries=0)


def main() -> int:
    good = True
    with running() as es:
        pipelines = Pipelines(es)
        checked = lists(pipelines), others(pipelines, es), conditions(pipelines), dropped(es), waiting_and_dropped(es)
        for checks in checked:
            for what, found, expected in checks:
                good &= found == expected
                print(f"{what}: {found}{'' if found == expected else f', NOT {expected}'}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
