"""`ingest-image duplicates`: finds clusters of copies."""
