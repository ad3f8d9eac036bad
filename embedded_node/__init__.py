"""Starts a real Elasticsearch from the jars on Maven Central, without a container."""
