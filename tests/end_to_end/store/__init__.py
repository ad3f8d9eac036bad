"""Pictures in a store. Their node is that of `faults`, too (helpers/groups.py)."""
