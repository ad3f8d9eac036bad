"""`ingest-image enrich`: adds to stored pictures what their pipelines let wait."""
