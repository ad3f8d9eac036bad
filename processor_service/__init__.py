"""The processor service: HTTP in, picture and fields out. Knows images, not Elasticsearch."""
