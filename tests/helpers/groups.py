"""How `pytest -n 7` deals out the tests: a group goes to one worker, which starts what the group shares only once."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from embedded_node.versions import versions
from tests.helpers.beside import wait_for_command

# Names in a module whose tests start processes, and mostly wait for them.
_STARTERS = {"Browser", "EmbeddedNode", "Service", "free_port", "running_service", "run_pytest", "subprocess"}
# Names in a module with few tests of which each takes long.
_LONG = {"CORPUS", "given"}
# The room whose tests start nodes, by themselves or in a program.
_OF_NODES = "tests/end_to_end/own_nodes/"
# Rooms whose conftest starts what all their tests share: a JVM and a service with recognition take seconds each.
_SHARING = ("tests/inference_way", "tests/ingest_image/gallery/browser")
# Rooms that use the node of another one: a node with its service costs ten seconds of processor time. What mostly waits
# is apart from the rest of `end_to_end`, so that no worker is left alone at the end.
_GUESTS = {
    "tests/end_to_end/faults": "tests/end_to_end/store",
    "tests/end_to_end/own_nodes/bootstrap": "tests/end_to_end/own_nodes",
    **dict.fromkeys(
        (f"tests/end_to_end/{room}" for room in ("recognition", "reprocess", "search")), "tests/end_to_end"
    ),
}
# Half of the files of the largest room, which take half of its time. It has two nodes of each version: eight workers
# would wait for the one that has the whole room.
_HALF = re.compile(r"tests/end_to_end/test_[a-e]")
_VERSION = re.compile(r"[\[-](" + "|".join(re.escape(version.number) for version in versions()) + r")[\]-]")


def group(nodeid: str) -> str:
    """The room and the version of Elasticsearch of a test that has one, as all of them share a node; else its file.

    A room that shares what has no version is one group. The largest room is two.
    """
    file, _, test = nodeid.partition("::")
    room, version = file.rpartition("/")[0], _VERSION.search(test)
    if room in _SHARING:
        return room
    if version is None:
        return file
    half = "/a-e" if _HALF.match(file) else ""
    return f"{_GUESTS.get(room, room)}{half}:{version[1]}"


def longest_first(items: list[pytest.Item]) -> None:
    """Sort the tests by groups: nodes, then other processes and long tests, then what computes; large groups first.

    So workers end at about the same time: what comes last is short.
    """
    groups = [group(item.nodeid) for item in items]
    size = Counter(groups)
    rank: dict[str, int] = {}
    for name, item in zip(groups, items, strict=True):
        rank[name] = min(_rank(name, item), rank.get(name, 2))
    items.sort(key=lambda item: (rank[group(item.nodeid)], -size[group(item.nodeid)]))


def _rank(name: str, item: pytest.Item) -> int:
    names = vars(item.module).keys() if isinstance(item, pytest.Function) else set()
    if ":" in name or name in _SHARING or "EmbeddedNode" in names or name.startswith(_OF_NODES):
        return 0
    return 1 if (_STARTERS | _LONG) & names else 2


class ByNodeAndFile(LoadScopeScheduling):  # type: ignore[misc]
    """Groups in the order of their first tests."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def schedule(self) -> None:
        wait_for_command(self.config)
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
