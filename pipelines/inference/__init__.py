"""The way without the plugin: the same pipelines through the `inference` processor."""
