"""Hosts that fail, lie and are slow. A group of its own, as it mostly waits (helpers/groups.py)."""
