"""The store for pictures outside Elasticsearch: a folder, S3 and what speaks it, Google, Azure (docs/store.md)."""
