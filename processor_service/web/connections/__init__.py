"""Connections under gunicorn: what is read of a request, when, and by whose leave."""
