"""How alike two pictures are: hashes, cosines of vectors, clusters of both. Sends nothing to Elasticsearch."""
