"""Defaults that several commands share; those of the service are the service's own."""

from __future__ import annotations

from processor_service.settings import Settings

GALLERY_PORT = 8091
SERVICE_PORT: int = Settings.model_fields["port"].default
# Bytes of a picture, and the same as an option says them.
LARGEST_PICTURE: int = Settings.model_fields["max_image_bytes"].default
LARGEST_PICTURE_OPTION = f"{LARGEST_PICTURE >> 20}mb"
# Of a bulk request.
BULK_BYTES = 4 << 20
BULK_OPTION = f"{BULK_BYTES >> 20}mb"
