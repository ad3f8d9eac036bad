"""How `pytest -n 2` deals out the tests: a group goes to one worker, which then starts what the group shares only once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from embedded_node.versions import versions

_VERSION = re.compile(r"[\[-](" + "|".join(re.escape(version.number) for version in versions()) + r")[\]-]")


def group(nodeid: str) -> str:
    """The room and the version of Elasticsearch of a test that has one, as all of them share a node; else its file."""
    file, _, test = nodeid.partition("::")
    version = _VERSION.search(test)
    return f"{file.rpartition('/')[0]}:{version[1]}" if version else file


class ByNodeAndFile(LoadScopeScheduling):  # type: ignore[misc]
    """Groups in the order of their first tests: those with nodes come early, which take longest."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
