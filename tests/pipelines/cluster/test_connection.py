from __future__ import annotations

import base64
from collections import Counter
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig, TlsError
from elasticsearch import ApiError, AuthenticationException, AuthorizationException, BadRequestError, Elasticsearch

from ingest_image.indexing.command import size
from ingest_image.indexing.summary import counts
from pipelines.cluster.client import addresses, connect, elasticsearch_options, explain, typed_options
from pipelines.cluster.reasons import reason_of
from tests.helpers.web_server import gives, stranger

UNUSED = "http://127.0.0.1:9"


@click.command()
@elasticsearch_options
def health(client: Elasticsearch) -> None:
    client.cluster.health()


def run(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(health, arguments, env=env)


def headers(**arguments: Any) -> HttpHeaders:
    with connect(**arguments) as client:
        return client._headers


def test_an_address_where_nobody_listens() -> None:
    result = run("--url", UNUSED)
    assert result.exit_code == 1
    assert f"Elasticsearch does not answer at {UNUSED}" in result.output
    assert "Traceback" not in result.output


def test_an_address_that_is_none() -> None:
    result = run("--url", "ftp://127.0.0.1")
    assert result.exit_code == 2
    assert "--url ftp://127.0.0.1" in result.output


def test_the_environment_names_the_address() -> None:
    assert f"answer at {UNUSED}" in run(env={"ELASTICSEARCH_URL": UNUSED}).output


def test_a_node_that_does_not_answer_is_passed_over() -> None:
    answer = gives(b"{}", 200, **{"Content-Type": "application/json", "X-Elastic-Product": "Elasticsearch"})
    with stranger({"/_cluster/health": answer}) as server:
        for _ in range(3):
            assert run("--url", f"{UNUSED}, 127.0.0.1:{server.port}").exit_code == 0
    both = run("--url", f"{UNUSED},http://127.0.0.1:8")
    assert f"Elasticsearch does not answer at {UNUSED},http://127.0.0.1:8" in both.output
    with connect(f"{UNUSED},127.0.0.1:8") as client:
        assert addresses(client) == f"http://127.0.0.1:8, {UNUSED}"


def test_a_password_is_asked_for_and_not_shown() -> None:
    result = CliRunner().invoke(health, ["--url", UNUSED, "--username", "me"], input="secret\n")
    assert "Password of me" in result.output
    assert "secret" not in result.output


def test_a_login_in_the_address_is_not_shown() -> None:
    """Neither in errors, which may be read by others than whoever set ELASTICSEARCH_URL, nor in advice."""

    @click.command()
    @elasticsearch_options
    def advice(client: Elasticsearch) -> None:
        click.echo(typed_options())

    both = "http://me:se@cret@127.0.0.1:9,me:se@cret@127.0.0.1:8"
    assert run("--url", both).output.startswith(
        "Error: Elasticsearch does not answer at http://127.0.0.1:9,127.0.0.1:8: is it running"
    )
    said = CliRunner().invoke(advice, ["--url", both, "--username", "me@home", "--password", "secret"]).output
    assert said == "['--url', 'http://127.0.0.1:9,127.0.0.1:8', '--username', 'me@home']\n"
    for wrong in ("http://me:sec/ret@127.0.0.1:9", "http://me:sec ret@127.0.0.1:9", "ftp://me:secret@127.0.0.1"):
        result = run("--url", wrong)
        assert result.exit_code == 2 and "sec" not in result.output and "--url is no address" in result.output


def test_an_api_key_wins_over_a_user() -> None:
    assert headers(api_key="a2V5", username="me")["authorization"] == "ApiKey a2V5"
    assert headers(username="me", password="x")["authorization"].startswith("Basic ")
    assert "authorization" not in headers()


@pytest.mark.parametrize(
    ("text", "expected"), [("4mb", 4 << 20), ("500 KB", 500 << 10), ("7", 7), ("2gb", 2 << 30), ("1.5mb", 3 << 19)]
)
def test_size(text: str, expected: int) -> None:
    assert size(text) == expected


@pytest.mark.parametrize("text", ["", "mb", "0", "0mb", "-1", "4 tb"])
def test_no_size(text: str) -> None:
    with pytest.raises(click.BadParameter, match="4mb"):
        size(text)


def refusal(kind: type[ApiError], status: int, reason: str) -> ApiError:
    meta = ApiResponseMeta(status, "1.1", HttpHeaders(), 0.1, NodeConfig("http", "127.0.0.1", 9200))
    return kind(str(status), meta, {"error": {"type": "t", "reason": "outer", "caused_by": {"reason": reason}}})


@pytest.mark.parametrize(
    ("address", "why"), [(UNUSED, "(Connection refused)"), ("http://no.such.invalid:9200", "(Failed to resolve ")]
)
def test_what_the_transport_is_made_of_is_not_told(address: str, why: str) -> None:
    result = CliRunner().invoke(health, ["--url", address])
    assert why in result.output and "HTTPConnection" not in result.output


def test_errors_say_what_to_do() -> None:
    assert "ELASTICSEARCH_API_KEY" in explain(refusal(AuthenticationException, 401, "x"), UNUSED)
    unnamed = explain(
        refusal(AuthenticationException, 401, "unable to authenticate user [ann] for REST request"), UNUSED
    )
    assert "refuses the user, password or API key" in unnamed
    refused = explain(refusal(AuthenticationException, 401, "x"), UNUSED, "the password of ann")
    assert refused == f"Elasticsearch at {UNUSED} refuses the password of ann, or does not know the user"
    assert explain(refusal(AuthenticationException, 401, "x"), UNUSED, "the API key").endswith("refuses the API key")
    lacking = explain(refusal(AuthorizationException, 403, "granted by the cluster privileges [manage]"), UNUSED)
    assert "docs/bootstrap.md" in lacking
    assert "granted by the cluster privileges [manage]" in lacking
    assert explain(refusal(BadRequestError, 400, "why"), UNUSED) == "Elasticsearch refused with 400: why"
    assert "--ca-certs" in explain(TlsError("self-signed certificate"), UNUSED)


def test_the_innermost_reason() -> None:
    assert reason_of(refusal(BadRequestError, 400, "why")) == "why"


def test_few_kinds_are_named_and_the_rest_is_counted() -> None:
    assert counts(Counter({"b": 2, "a": 3})) == "3 a, 2 b"
    assert counts(Counter({str(kind): 1 for kind in range(20)})).endswith(", 8 others")


@pytest.mark.parametrize("password", ["pässword", "密码:1", ""])
def test_names_and_passwords_of_any_letters(password: str) -> None:
    scheme, _, pair = headers(username="adä", password=password)["authorization"].partition(" ")
    assert (scheme, base64.b64decode(pair).decode()) == ("Basic", f"adä:{password}")
