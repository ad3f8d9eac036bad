"""Stored pictures rendered on the fly: `GET /v1/images/<index>/<id>` (docs/rendering.md).

The only part of the service that knows Elasticsearch. It is off until `IMAGE_RENDER_INDICES` names an index.
"""
