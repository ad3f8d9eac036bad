"""`ingest-image reprocess`: runs stored documents through their pipeline again."""
