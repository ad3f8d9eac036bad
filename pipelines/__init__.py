"""What is installed into Elasticsearch, and the commands that install it."""
