"""The printed roles against what the commands really do: a node says in its log which actions it runs, and each of them has to be
granted by a privilege of the role, and each privilege to be of use.

The embedded node has no security, so nobody is refused here. What a privilege grants is as Elasticsearch's manual and sources say it.
"""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch

from embedded_node import EmbeddedNode
from ingest_image.doctor.command import doctor
from ingest_image.duplicates.command import duplicates
from ingest_image.enrich.command import enrich
from ingest_image.gallery import GallerySettings, create_app
from ingest_image.indexing.command import index as index_command
from ingest_image.reprocess.command import reprocess
from ingest_image.search_command import search
from pipelines.install.bootstrap import bootstrap
from pipelines.install.roles import ROLES
from tests.helpers.enrichers import index_with_later, let_wait
from tests.helpers.nodes import set_hosts
from tests.helpers.paths import PICTURES
from tests.helpers.pictures import b64, picture
from tests.helpers.service import TOKEN

GRANTS = {
    "monitor": ("cluster:monitor/*", "indices:admin/index_template/get", "cluster:admin/component_template/get"),
    "manage_ingest_pipelines": ("cluster:admin/ingest/pipeline/*",),
    "manage_index_templates": (
        *("indices:admin/template/*", "indices:admin/index_template/*", "cluster:admin/component_template/*"),
    ),
    "read_pipeline": ("cluster:admin/ingest/pipeline/get", "cluster:admin/ingest/pipeline/simulate"),
    "index: read": ("indices:data/read/*",),
    "index: index": ("indices:data/write/index*", "indices:data/write/bulk*", "indices:data/write/update*"),
    "index: auto_configure": ("indices:admin/mapping/auto_put", "indices:admin/auto_create"),
    "index: monitor": ("indices:monitor/*",),
    "index: maintenance": ("indices:admin/refresh*", "indices:admin/flush*", "indices:admin/forcemerge*"),
    "index: view_index_metadata": (
        *(
            "indices:admin/get",
            "indices:admin/aliases/get",
            "indices:admin/mappings/get",
            "indices:monitor/settings/get",
        ),
        *("indices:admin/resolve/index", "indices:admin/mappings/fields/get*", "indices:data/read/field_caps*"),
    ),
}
# What the node does on its own account.
OWN = ("indices:admin/seq_no/*", "internal:*")
PHOTO = b64(picture("pillow/hopper.jpg"))
FILE = str(PICTURES / "pillow/hopper.jpg")
LOGGER = "logger.org.elasticsearch.tasks.TaskManager"
Actions = set[str]
Recorded = Callable[[], Any]


def granted(role: str) -> dict[str, tuple[str, ...]]:
    """The patterns of actions by privilege; a privilege may be an action itself."""
    (found,) = [one for one in ROLES if one.name == f"ingest-image-{role}"]
    names = [*found.cluster, *(f"index: {name}" for name in found.index)]
    assert all(name in GRANTS or name.startswith(("cluster:", "indices:")) for name in names), "no such privilege"
    return {name: GRANTS.get(name, (name,)) for name in names}


def together(*roles: str) -> tuple[str, ...]:
    return tuple(pattern for role in roles for patterns in granted(role).values() for pattern in patterns)


def matches(action: str, patterns: tuple[str, ...]) -> bool:
    # fnmatch has a meaning for brackets, Elasticsearch has none.
    return any(fnmatchcase(action, re.sub(r"([\[\]])", r"[\1]", pattern)) for pattern in patterns)


@pytest.fixture
def actions(es: Elasticsearch, node: EmbeddedNode) -> Iterator[Callable[[], Any]]:
    """A context in which the actions that the node runs are collected."""

    @contextmanager
    def recording() -> Iterator[Actions]:
        found: Actions = set()
        es.cluster.put_settings(persistent={LOGGER: "TRACE"})
        before = node.log_file.stat().st_size
        try:
            yield found
        finally:
            with node.log_file.open(encoding="utf-8") as log:
                log.seek(before)
                ran = re.findall(r"register \d+ \[\w+\] \[([\w:/\[\]]+)\] \[", log.read())
            es.cluster.put_settings(persistent={LOGGER: None})
            found |= {action for action in ran if ":" in action and not matches(action, OWN)}

    yield recording


def check(role: str, ran: Actions) -> None:
    """Nothing is missing, and nothing too much."""
    assert ran
    assert {action for action in ran if not matches(action, together(role))} == set()
    idle = {name for name, patterns in granted(role).items() if not any(matches(action, patterns) for action in ran)}
    assert idle == set()


def run(command: click.Command, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code in codes, result.output
    return str(result.output)


def test_writer(es: Elasticsearch, actions: Recorded, index: str) -> None:
    with actions() as ran:
        es.index(index=index, id="1", document={"title": "new", "image": {"data": PHOTO}, uuid.uuid4().hex: 1})
        es.update(index=index, id="1", doc={"title": "other"})
        es.bulk(operations=[{"index": {"_index": index, "_id": "2"}}, {"image": {"data": PHOTO}}])
    check("writer", ran)


def test_searcher(es: Elasticsearch, es_url: str, actions: Recorded, index: str) -> None:
    es.index(index=index, id="1", document={"title": "a hopper", "image": {"data": PHOTO}}, refresh=True)
    app = create_app(
        Elasticsearch(es_url, request_timeout=120), GallerySettings(index=index, upload_index=index, read_only=True)
    )
    with actions() as ran, app.test_client() as page:
        connection = ("--url", es_url, "--index", index)
        assert "hopper" in run(search, "hopper", *connection)
        run(search, "--like", FILE, *connection)
        run(search, "--like", "1", "--near-duplicate", *connection)
        run(duplicates, index, "--url", es_url)
        host = {"Host": "127.0.0.1:8091"}
        assert page.get("/", headers=host).status_code == 200
        assert page.get(f"/picture/{index}?id=1", headers=host).status_code == 200
        es.get(index=index, id="1", source_includes="image")
    check("searcher", ran)


def test_bootstrap(es: Elasticsearch, es_url: str, service_url: str, actions: Recorded) -> None:
    es.ingest.delete_pipeline(id="images-thumbnail")
    es.indices.delete_index_template(name="images")
    set_hosts(es, "http://127.0.0.1:1")
    with actions() as ran:
        run(bootstrap, "--url", es_url, "--service-url", service_url)
        run(bootstrap, "--url", es_url, "--uninstall", "--dry-run", codes=(0, 1))
    check("bootstrap", ran)


def test_maintainer(
    es: Elasticsearch,
    es_url: str,
    index: str,
    service_url: str,
    actions: Recorded,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IMAGE_TOKEN", TOKEN)
    name = f"plain-{uuid.uuid4().hex[:8]}"
    es.indices.create(index=name, settings={"index.default_pipeline": "images"}, mappings={"properties": {}})
    # Its fields are not mapped yet.
    es.index(index=name, id="1", document={"title": "unprocessed"}, pipeline="_none", refresh=True)
    es.index(index=name, id="2", document={"image": {"data": "AAAA"}}, pipeline="_none", refresh=True)
    try:
        with index_with_later(es, index), actions() as ran:
            let_wait(es, index, "1")
            run(enrich, "--once", "--index", index, "--url", es_url)
            run(enrich, "--add", "embedding", "--stale", index, "--url", es_url)
            run(doctor, "--url", es_url, "--index", name, "--service-url", service_url, codes=(0, 1))
            run(doctor, "--url", es_url, codes=(0, 1))
            for option in ("--stale", "--unprocessed"):
                run(reprocess, name, option, "--url", es_url, "--state", str(tmp_path / option), "--restart")
        check("maintainer", ran)
    finally:
        es.indices.delete(index=name)


def test_the_users_of_compose_write_with_their_roles(es_url: str, actions: Recorded, index: str) -> None:
    with actions() as ran:
        run(index_command, FILE, "--index", index, "--url", es_url, "--skip-existing")
    assert {action for action in ran if not matches(action, together("searcher", "writer", "maintainer"))} == set()
    app = create_app(Elasticsearch(es_url, request_timeout=120), GallerySettings(index=index, upload_index=index))
    headers = {"Host": "127.0.0.1:8091", "Sec-Fetch-Site": "same-origin", "Accept": "application/json"}
    with actions() as ran, app.test_client() as page:
        for path in ("/upload", "/look"):
            sent = {"file": (io.BytesIO(picture("pillow/flower.jpg")), "flower.jpg")}
            answer = page.post(path, data=sent, headers=headers)
            assert answer.status_code == 200, answer.text
    assert {action for action in ran if not matches(action, together("searcher", "writer"))} == set()
