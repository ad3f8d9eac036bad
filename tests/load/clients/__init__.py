"""Bulks of the official clients against a node that is busy: what is lost with their defaults, and with which settings
nothing is.

.venv/bin/python -m tests.load.clients [--documents 60] [--queue 2]

The node has four pictures in work and lets two wait. A bulk of 5 MB, which is what most clients send by default, brings
about nine photographs at once. It needs npm, Maven and Go, and takes the clients from their registries into a temporary
folder; a language whose program is missing is left out, and said.
"""
