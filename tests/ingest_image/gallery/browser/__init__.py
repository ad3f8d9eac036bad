"""The pictures that the tests in Chromium share."""

INDEX = "images-gallery"
DOCUMENTS = {
    "astronaut": ("Astronaut Eileen Collins", "skimage/astronaut.png"),
    "cat": ("Chelsea the cat", "skimage/chelsea.png"),
    "coins": ("Greek coins from Pompeii", "skimage/coins.png"),
    "flower": ("Plumeria in the garden", "pillow/flower.jpg"),
    "bridge": ("Bridge over the river", "pdq/bridge-mods/aaa-orig.jpg"),
    "paris": ("Evening clouds over Paris", "libavif/paris_icc_exif_xmp.avif"),
    "paris-turned": ("Paris, as the phone held it", "libavif/paris_exif_orientation_5.jpg"),
    "lake": ("Mountain lake", "exif-orientation/Landscape_1.jpg"),
    "lake-left": ("Mountain lake, camera turned left", "exif-orientation/Landscape_6.jpg"),
    "gopher": ("Gopher with transparency", "golang-image/gopher-doc.with-alpha.png"),
    "broken": ("A broken file", "sharp/truncated.jpg"),
}
