"""`ingest-image get` and `ingest-image export`: stored pictures as files."""
