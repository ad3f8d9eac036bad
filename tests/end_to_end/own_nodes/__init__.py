"""Tests that start nodes of their own: another worker runs them, while the shared nodes are busy (helpers/groups.py)."""
