"""Makes an Elasticsearch client from command-line options, and explains its errors in a sentence."""

from __future__ import annotations

import base64
import functools
import logging
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from elastic_transport import ConnectionError as NoConnection
from elastic_transport import ConnectionTimeout, TlsError, TransportError
from elasticsearch import ApiError, Elasticsearch, ElasticsearchWarning, UnsupportedProductError

from ..wording import without_login
from .reasons import MISSING_PRIVILEGE, reason_of

DEFAULT_URL = "http://127.0.0.1:9200"
_DEEPEST = 10_000
# The client's own number.
_RETRIES = 3
# Options that may be repeated to whoever typed them.
_SHOWN = ("url", "username", "ca_certs")

_OPTIONS = (
    click.option(
        "--url",
        envvar="ELASTICSEARCH_URL",
        default=DEFAULT_URL,
        show_default=True,
        help="Address of Elasticsearch; of several nodes separated by commas: one that does not answer is passed over.",
    ),
    click.option("--api-key", envvar="ELASTICSEARCH_API_KEY", help="API key; safer in the environment."),
    click.option("--username", envvar="ELASTICSEARCH_USERNAME", help="User, when there is no API key."),
    click.option(
        "--password",
        envvar="ELASTICSEARCH_PASSWORD",
        help="Password; safer in the environment. Asked for when missing.",
    ),
    click.option(
        "--ca-certs",
        envvar="ELASTICSEARCH_CA_CERTS",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="File with the CA certificate of Elasticsearch.",
    ),
)


def connect(
    url: str = DEFAULT_URL,
    *,
    api_key: str | None = None,
    username: str | None = None,
    password: str | None = None,
    ca_certs: Path | None = None,
) -> Elasticsearch:
    """Make a client; nothing is sent yet. `url` may be several, separated by commas. An API key wins over a user name.

    Raises ValueError for an invalid address.
    """
    # Elasticsearch accepts documents a thousand levels deep. Python's JSON parser would give up there.
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _DEEPEST))
    arguments: dict[str, Any] = {"request_timeout": 60}
    if api_key:
        arguments["api_key"] = api_key
    elif username:
        # Of a pair, the client encodes ASCII only.
        arguments["basic_auth"] = base64.b64encode(f"{username}:{password or ''}".encode()).decode()
    if ca_certs:
        arguments["ca_certs"] = str(ca_certs)
    urls = [one if "://" in one else f"http://{one}" for one in url.replace(",", " ").split()]
    # Each node once, and the first one again.
    return Elasticsearch(urls or DEFAULT_URL, max_retries=max(_RETRIES, len(urls)), **arguments)


def addresses(client: Elasticsearch) -> str:
    """Where a client's requests go, for messages. The client itself shuffles its nodes."""
    return ", ".join(sorted(str(node.base_url) for node in client.transport.node_pool.all()))


def elasticsearch_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a click command the options of a connection and the argument `client`; errors become one sentence."""

    @functools.wraps(command)
    def wrapper(
        *args: Any,
        url: str,
        api_key: str | None,
        username: str | None,
        password: str | None,
        ca_certs: Path | None,
        **kwargs: Any,
    ) -> None:
        if username and not api_key and password is None:
            password = click.prompt(f"Password of {username}", hide_input=True)
            # Kibana gets the same password.
            click.get_current_context().params["password"] = password
        credentials = "the API key" if api_key else f"the password of {username}" if username else ""
        # Without a handler, Python would print the transport's warnings; our sentence says what matters in them.
        logging.getLogger("elastic_transport").addHandler(logging.NullHandler())
        try:
            client = connect(url, api_key=api_key, username=username, password=password, ca_certs=ca_certs)
        except ValueError as error:
            # A password in it may be what is wrong.
            what = "is no address; give user and password as options" if "@" in url else f"{url}: {error}"
            raise click.UsageError(f"--url {what}") from error
        try:
            # Warnings about system indices and deprecations are for whoever writes requests.
            with client, warnings.catch_warnings():
                warnings.simplefilter("ignore", ElasticsearchWarning)
                command(*args, client=client, **kwargs)
        except (ApiError, TransportError, UnsupportedProductError) as error:
            raise click.ClickException(explain(error, url, credentials)) from error

    for option in reversed(_OPTIONS):
        wrapper = option(wrapper)
    return wrapper


def typed_options() -> list[str]:
    """What the command line says of the connection, for a command that is advised to do the same; no secrets."""
    context = click.get_current_context()
    typed = [name for name in _SHOWN if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    values = {name: str(context.params[name]) for name in typed}
    values |= {"url": without_login(values["url"])} if "url" in values else {}
    return [word for name, value in values.items() for word in (f"--{name.replace('_', '-')}", value)]


def _plain(message: str) -> str:
    """What the transport says, without its own objects: `Connection refused`."""
    return re.sub(
        r"^HTTPS?Connection\(.*?\): (?:Failed to establish a new connection: )?(?:\[Errno -?\d+\] )?", "", message
    )


def explain(error: Exception, url: str, credentials: str = "") -> str:
    """One sentence that says what went wrong at `url` and what to do about it; `credentials`: what was given."""
    url = without_login(url)
    if isinstance(error, TlsError):
        return f"no trusted TLS connection to {url}: give its CA certificate with --ca-certs ({error.message})"
    if isinstance(error, ConnectionTimeout):
        return f"Elasticsearch at {url} did not answer in time"
    if isinstance(error, NoConnection):
        return f"Elasticsearch does not answer at {url}: is it running, and is --url right? ({_plain(error.message)})"
    if isinstance(error, UnsupportedProductError):
        return f"{url} is not Elasticsearch: {error.message}"
    if isinstance(error, ApiError):
        if error.status_code == 401 and credentials:
            unknown = ", or does not know the user" if "password" in credentials else ""
            return f"Elasticsearch at {url} refuses {credentials}{unknown}"
        if error.status_code == 401 and "unable to authenticate" in reason_of(error):
            return f"Elasticsearch at {url} refuses the user, password or API key that was given"
        if error.status_code == 401:
            return (
                f"Elasticsearch at {url} wants authentication: set ELASTICSEARCH_API_KEY, or --username and a password"
            )
        reason = reason_of(error)
        if reason.startswith(f"[{MISSING_PRIVILEGE}]"):
            return reason
        # What blocks an index is answered with 403, too.
        if error.status_code == 403 and "blocked by" not in reason:
            return (
                f"[{MISSING_PRIVILEGE}] the user does not have a privilege that is needed "
                f"(docs/bootstrap.md lists them): {reason}"
            )
        return f"Elasticsearch refused with {error.status_code}: {reason}"
    return str(error)
