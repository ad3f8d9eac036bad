"""What is installed into Kibana: a data view with thumbnails, and a dashboard."""
