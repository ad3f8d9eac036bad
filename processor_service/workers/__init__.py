"""Runs jobs in processes of their own, which may hang, crash or run out of memory."""
