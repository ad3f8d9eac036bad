"""`python -m embedded_node` is `ingest-image node`."""

from .commands import node

node(prog_name="ingest-image node")
