"""The inference way: the same pipelines without the plugin, through the `inference` processor."""
