"""`ingest-image index`: sends the pictures of a folder in bulk."""
