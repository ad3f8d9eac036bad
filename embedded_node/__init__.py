"""Starts a real Elasticsearch from the jars on Maven Central, without a container."""

from __future__ import annotations

from .errors import NodeError
from .node import EmbeddedNode
from .places import find_plugin_zip

__all__ = ["EmbeddedNode", "NodeError", "find_plugin_zip"]
