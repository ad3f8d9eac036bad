"""Reading what others wrote into a picture: EXIF, IPTC and XMP. All of it is hostile; what is broken is left out."""
