"""XMP: properties in RDF, as XML.

Source: ISO 16684-1 (Adobe, XMP Specification Part 1). A document type or an entity is refused outright (defusedxml).
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

_MOST_BYTES = 256 * 1024
_MOST_VALUES = 200
_NAMESPACES = {
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop:",
    "http://ns.adobe.com/exif/1.0/": "exif:",
    "http://ns.adobe.com/tiff/1.0/": "tiff:",
    "http://ns.adobe.com/xap/1.0/": "xmp:",
    "http://ns.adobe.com/exif/1.0/aux/": "aux:",
    "http://cipa.jp/exif/1.0/": "exifEX:",
}
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def read_xmp(data: bytes) -> dict[str, list[str]]:
    """Values of the top properties by name (`dc:title`), the default language first; empty when it cannot be read."""
    packet = data.strip(b"\0 \r\n\t")
    if not packet or len(packet) > _MOST_BYTES:
        return {}
    try:
        root = fromstring(packet, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError):
        return {}
    found: dict[str, list[str]] = {}
    for description in root.iter(_RDF + "Description"):
        for key, value in _properties(description):
            # What comes first counts: descriptions further down are parts of structures.
            if (name := _name(key)) is not None and value:
                found.setdefault(name, value)
    return found


def _properties(description: Element) -> Iterator[tuple[str, list[str]]]:
    for key, value in description.attrib.items():
        yield key, [value]
    for element in description:
        yield element.tag, _values(element)


def _values(element: Element) -> list[str]:
    """The text of a property, or of the items of its list."""
    container = next((child for child in element if child.tag in (_RDF + "Alt", _RDF + "Bag", _RDF + "Seq")), None)
    if container is None:
        return [element.text] if element.text else []
    items = [item for item in container[:_MOST_VALUES] if item.text]
    items.sort(key=lambda item: item.get(_LANGUAGE) != "x-default")
    return [item.text for item in items if item.text]


def _name(key: str) -> str | None:
    namespace, _, local = key.removeprefix("{").partition("}")
    prefix = _NAMESPACES.get(namespace)
    return None if prefix is None else prefix + local
