"""Requests to Elasticsearch that several commands share."""
