"""`ingest-image index`: sends the pictures of folders in bulks."""
