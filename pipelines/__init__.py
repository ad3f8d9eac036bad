"""What is installed into Elasticsearch, and the commands that talk to it."""
