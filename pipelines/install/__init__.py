"""`ingest-image bootstrap` and `users`: install, update and remove what is ours in a cluster."""
