"""Renders files from declarations: the plugin's schema, the definitions for Elasticsearch, tables in the docs."""
