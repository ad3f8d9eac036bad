"""Hosts that fail, lie and are slow. Their node is that of `store` (helpers/groups.py)."""
