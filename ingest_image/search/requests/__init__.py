"""What Elasticsearch is asked, made of a question."""
