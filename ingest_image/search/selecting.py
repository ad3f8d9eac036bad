"""Which documents a command is about, when it takes all that a query finds."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import click

from pipelines.wording import well_formed

from .engine import Engine
from .questions.filters import parse_filters

Query = dict[str, Any]
query_option = click.option(
    "--query", metavar="QUERY", help="Only documents that match: words as in a search (q=...), or a query as JSON."
)
filter_option = click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="FIELD:VALUE",
    help="Only documents with these values of fields (docs/search.md); may be repeated: values of one facet are "
    "alternatives.",
)


def selection_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a click command the options that `selected` needs."""
    return query_option(filter_option(command))


def selected(engine: Engine, query: str | None, filters: Sequence[str]) -> Query:
    """The query for these options; all documents without any. Raises UsageError."""
    try:
        clauses = parse_filters(filters, engine.filterable).clauses
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    clauses += [user_query(query)] if query else []
    return {"bool": {"filter": clauses}} if clauses else {"match_all": {}}


def user_query(text: str) -> Query:
    """A JSON query as in a search request, or the words and operators of a query_string. Raises BadParameter."""
    text = well_formed(text)
    if not text.lstrip().startswith("{"):
        return {"query_string": {"query": text}}
    try:
        query = json.loads(text)
    except json.JSONDecodeError as error:
        raise click.BadParameter(f"--query begins like JSON, but is not valid: {error}") from error
    except RecursionError as error:
        raise click.BadParameter("--query has too many lists or objects in each other") from error
    assert isinstance(query, dict)
    return query
