"""`ingest-image users`: users with the roles of `roles.py`, for a stack that a program sets up (Compose)."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence

import click
from elastic_transport import ConnectionError as NoConnection
from elasticsearch import ApiError, AuthenticationException, BadRequestError, Elasticsearch

from ..cluster.client import elasticsearch_options
from ..cluster.reasons import reason_of
from ..resources import Body, Kind, bundled
from .roles import PREFIX, ROLES

_ROLES = {role.name.removeprefix(PREFIX): role for role in ROLES}
# A healthy node answers requests, but its index of users may still need a moment.
_TRIES, _PAUSE = 30, 2.0


@click.command()
@click.argument("users", nargs=-1, required=True, metavar="NAME[=ROLE,...] ...")
@elasticsearch_options
@click.option(
    "--index-pattern", "patterns", multiple=True, metavar="PATTERN", help="Indices of the roles. Default: images*."
)
@click.option("--json", "as_json", is_flag=True, help='Print {"roles": [...], "users": [{"name", "roles"}]}.')
def users(client: Elasticsearch, users: tuple[str, ...], patterns: tuple[str, ...], as_json: bool) -> None:
    """Create users with roles of least privilege, or give them new passwords; can be run again at any time.

    The roles are those of `bootstrap --print-roles`, named without ingest-image-: `gallery=searcher,writer`. A NAME
    without roles is a built-in user, which only gets its password: `kibana_system`. The password of `my-user` is taken
    from MY_USER_PASSWORD in the environment. The user of the connection needs the cluster privilege manage_security.
    """
    wanted = [parsed(user, os.environ) for user in users]
    if not patterns:
        patterns = tuple(next(one.body["index_patterns"] for one in bundled() if one.kind is Kind.TEMPLATE))
    for name in dict.fromkeys(role for _, roles, _ in wanted for role in roles):
        role = _ROLES[name]
        _put(client, f"/_security/role/{role.name}", role.body(patterns))
        _say(f"written: role {role.name}", as_json)
    for name, roles, password in wanted:
        if roles:
            body = {"password": password, "roles": [_ROLES[role].name for role in roles]}
            _put(client, f"/_security/user/{name}", body)
        else:
            _put(client, f"/_security/user/{name}/_password", {"password": password})
        what = f" ({', '.join(roles)})" if roles else ", its password"
        _say(f"written: user {name}{what}", as_json)
    if as_json:
        written = [{"name": name, "roles": [_ROLES[role].name for role in roles]} for name, roles, _ in wanted]
        names = dict.fromkeys(role for user in written for role in user["roles"])
        click.echo(json.dumps({"roles": [*names], "users": written}, indent=2))


def _say(line: str, as_json: bool) -> None:
    if not as_json:
        click.echo(line)


def parsed(user: str, environment: Mapping[str, str]) -> tuple[str, Sequence[str], str]:
    """Name, roles and password of a user, from an argument of the command line."""
    name, _, roles = user.partition("=")
    found = [role for role in roles.split(",") if role]
    if unknown := [role for role in found if role not in _ROLES]:
        raise click.UsageError(f"there is no role {unknown[0]}; there are {', '.join(_ROLES)}")
    variable = f"{name.upper().replace('-', '_')}_PASSWORD"
    if not (password := environment.get(variable)):
        raise click.UsageError(f"the password of {name} is missing: set {variable}")
    return name, found, password


def _put(client: Elasticsearch, path: str, body: Body) -> None:
    headers = {"accept": "application/json", "content-type": "application/json"}
    for tries in range(_TRIES):
        last = tries == _TRIES - 1
        try:
            client.options(max_retries=0).perform_request("PUT", path, headers=headers, body=body)
            return
        except AuthenticationException as error:
            raise click.ClickException(
                "Elasticsearch refuses the password. With Compose: ELASTIC_PASSWORD in .env counts only for a new data "
                "volume; set it back, or remove the volume (docker compose down --volumes deletes all documents)"
            ) from error
        except BadRequestError as error:
            raise click.ClickException(f"Elasticsearch refuses {path}: {reason_of(error)}") from error
        except (ApiError, NoConnection) as error:
            if last or (isinstance(error, ApiError) and error.status_code < 500):
                raise
        time.sleep(_PAUSE)
