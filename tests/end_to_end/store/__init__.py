"""Pictures in a store. A group of its own, as it mostly waits (helpers/groups.py)."""
