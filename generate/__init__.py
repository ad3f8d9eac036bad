"""Renders what the declarations say: the plugin's schema, the definitions for Elasticsearch, the tables in the docs."""
