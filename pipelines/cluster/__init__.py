"""Speaks to Elasticsearch, for everybody."""
