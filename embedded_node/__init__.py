"""Starts a real Elasticsearch from the jars on Maven Central, without a container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import NodeError
from .plugin_zip import find_plugin_zip

if TYPE_CHECKING:
    from .node import EmbeddedNode

__all__ = ["EmbeddedNode", "NodeError", "find_plugin_zip"]


def __getattr__(name: str) -> object:
    """Import the node when it is asked for: `python -m embedded_node.jdk` must not import `jdk` before running it."""
    if name != "EmbeddedNode":
        raise AttributeError(f"module {__name__} has no attribute {name}")
    from .node import EmbeddedNode

    return EmbeddedNode
