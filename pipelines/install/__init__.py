"""`ingest-image bootstrap` and `users`: plans, writes and removes what is ours in a cluster."""
