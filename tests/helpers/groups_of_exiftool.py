"""Lets ExifTool write a name into every group of metadata that it can write as text, in every format."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.helpers.pictures import picture
from tests.helpers.secrets_in_files import NAME, saved

# A tag of each group, of those of ExifTool 12.57 that take any text.
_TAGS = """
File:Comment IFD0:ProcessingSoftware ExifIFD:SpectralSensitivity GPS:GPSSatellites IPTC:Destination Photoshop:URL
Ducky:Copyright PNG:Artist XMP-x:XMPToolkit XMP-rdf:About XMP-album:Notes XMP-photoshop:History XMP-fpv:RichTextComment
XMP-GCreations:CameraBurstID XMP-GAudio:AudioMimeType XMP-GImage:ImageMimeType XMP-pdf:Author XMP-dex:FFID
XMP-photomech:EditStatus XMP-hdr:CCVPrimariesXY XMP-cell:CellTowerID XMP-crd:Group XMP-lr:HierarchicalSubject
XMP-xmpBJ:JobRefId XMP-mwg-coll:CollectionName XMP-exifEX:SerialNumber XMP-prl:Geography XMP-GPano:CaptureSoftware
XMP-cc:AttributionName XMP-mediapro:CatalogSets XMP-xmpRights:Certificate XMP-tiff:Artist XMP-extensis:ApprovedBy
XMP-MP:RegionPersonDisplayName XMP-pur:Agreement XMP-DICOM:EquipmentInstitution XMP-GCamera:BurstID
XMP-digiKam:CaptionsAuthorNames XMP-acdsee:FixtureIdentifier XMP-microsoft:CameraSerialNumber XMP-prm:CookingEquipment
XMP-creatorAtom:AeProjectLinkCompositionID XMP-dc:Contributor XMP-pmi:DisplayName XMP-getty:AssetID
XMP-iptcCore:AltTextAccessibility XMP-xmpTPg:ColorantSwatchName XMP-mwg-kw:HierarchicalKeywords6 XMP-ics:AppVersion
XMP-Device:AppInfoApplication XMP-prism:AcademicField XMP-plus:CopyrightOwnerID XMP-dwc:EventRemarks
XMP-xmpMM:DerivedFromAlternatePaths XMP-iptcExt:AboutCvTermCvId Keys:Author ItemList:Author UserData:Author
"""


def written_by_exiftool(folder: Path, exiftool: str) -> dict[str, bytes]:
    """A file of each format that ExifTool writes, with the name in all of these groups that the format has."""
    formats = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "JPEG2000", "AVIF")
    files = {format_: saved(format_) for format_ in formats} | {"HEIF": picture("thumbor/image.heic")}
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    tags = [f"-{tag}={NAME.decode()}" for tag in _TAGS.split()]
    # It says which tags a format does not have.
    command = [exiftool, "-q", "-q", "-m", "-overwrite_original", *tags, *(str(folder / name) for name in files)]
    subprocess.run(command, capture_output=True, check=False)
    return {name: (folder / name).read_bytes() for name in files}
