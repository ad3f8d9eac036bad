"""The login hands each request on as its user, and starts only where Elasticsearch checks users."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from click.testing import CliRunner
from elastic_transport.client_utils import DEFAULT
from flask.testing import FlaskClient

from ingest_image.gallery import commands
from ingest_image.gallery.serving.login import checks_users
from tests.helpers.fake_elasticsearch import make, stored
from tests.helpers.pictures import b64, picture
from tests.helpers.writable_elasticsearch import WritableElasticsearch

ADA = {"Authorization": "Basic " + base64.b64encode("ada:pässword".encode()).decode()}


class Guarded(WritableElasticsearch):
    """Knows one user, as Elasticsearch with security does; `allowed` says what she may."""

    def __init__(self) -> None:
        super().__init__()
        self.allowed = True
        self.seen: list[str | None] = []
        node = self.client.transport.node_pool.get()
        perform = node.perform_request

        def guarded(
            method: str, target: str, body: Any = None, headers: Any = None, request_timeout: Any = DEFAULT
        ) -> Any:
            self.seen.append((headers or {}).get("authorization"))
            return perform(method, target, body, headers, request_timeout)

        node.perform_request = guarded  # type: ignore[method-assign]

    def perform(self, method: str, target: str, body: bytes | None) -> tuple[int, Any]:
        if self.seen[-1] != ADA["Authorization"]:
            return 401, {"error": {"type": "security_exception", "reason": "unable to authenticate"}}
        if not self.allowed:
            return 403, {"error": {"type": "security_exception", "reason": "action is unauthorized"}}
        return super().perform(method, target, body)


@pytest.fixture
def es() -> Guarded:
    fake = Guarded()
    fake.documents = {"1": {"title": "A lake", "image": stored(data=b64(picture("pillow/flower.jpg")))}}
    return fake


@pytest.fixture
def page(es: Guarded) -> FlaskClient:
    return make(es, login=True)


PATHS = ["/", "/picture/images?id=1", "/image/images/0?id=1", "/download/images/0?id=1"]


@pytest.mark.parametrize("path", [*PATHS, "/edit/images?id=1", "/nowhere"])
@pytest.mark.parametrize("given", [None, "Bearer x", "Basic", "Basic !!", "Basic Og=="])
def test_who_says_no_name_is_asked_for_it(page: FlaskClient, es: Guarded, path: str, given: str | None) -> None:
    answer = page.get(path, headers={"Authorization": given} if given else {})
    assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith('Basic realm="Pictures"')
    assert es.seen == []


@pytest.mark.parametrize("path", PATHS)
def test_a_user_sees_what_elasticsearch_shows_her(page: FlaskClient, es: Guarded, path: str) -> None:
    assert page.get(path, headers=ADA).status_code == 200
    assert set(es.seen) == {ADA["Authorization"]}


def test_a_wrong_password_is_asked_for_again(page: FlaskClient) -> None:
    wrong = {"Authorization": "Basic " + base64.b64encode(b"ada:guessed").decode()}
    answer = page.get("/", headers=wrong)
    assert answer.status_code == 401 and "WWW-Authenticate" in answer.headers and "password is wrong" in answer.text


def test_what_a_user_may_not_is_told(page: FlaskClient, es: Guarded) -> None:
    es.allowed = False
    answer = page.get("/", headers=ADA)
    assert answer.status_code == 403 and "does not have a privilege" in answer.text
    # Also if she may look, but not add.
    data = {"file": (io.BytesIO(picture("pillow/flower.jpg")), "flower.jpg")}
    answer = page.post("/upload", data=data, headers=ADA | {"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 403 and "does not have a privilege" in answer.text


def test_she_changes_and_downloads_as_herself(page: FlaskClient, es: Guarded) -> None:
    ours = ADA | {"Sec-Fetch-Site": "same-origin"}
    assert page.post("/tag", data={"doc": "images/1", "tags": "new"}, headers=ours).status_code == 303
    assert page.post("/download", data={"doc": "images/1"}, headers=ours).data.startswith(b"PK")
    assert set(es.seen) == {ADA["Authorization"]}
    # A browser sends the password with the requests of other sites, too.
    assert page.post("/tag", data={"doc": "images/1", "tags": "x"}, headers=ADA).status_code == 403


def test_files_of_the_page_itself_and_its_health_are_open(page: FlaskClient) -> None:
    assert page.get("/healthz").status_code == 200
    with page.get("/static/gallery.css") as answer:
        assert answer.status_code == 200


def test_it_starts_only_where_users_are_checked(es: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks_users(es.client, "images*")
    assert not checks_users(WritableElasticsearch().client, "images*")
    monkeypatch.setattr(commands, "checks_users", lambda *_: False)
    result = CliRunner().invoke(commands.gallery, ["--login"])
    assert result.exit_code == 1 and "any password would do" in result.output
    result = CliRunner().invoke(commands.gallery, ["--login", "--api-key", "x"])
    assert result.exit_code == 2 and "neither --api-key nor --username" in result.output


def test_duplicates_that_are_kept_for_all_are_shown_to_nobody(page: FlaskClient, es: Guarded) -> None:
    answer = page.get("/duplicates", headers=ADA)
    assert answer.status_code == 403 and "ingest-image duplicates" in answer.text
    assert set(es.seen) <= {ADA["Authorization"]}
