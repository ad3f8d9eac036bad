"""The inference way: routes for Elasticsearch's own `inference` processor (docs/inference-way.md)."""
