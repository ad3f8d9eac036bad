"""Reads XMP: properties in RDF, as XML.

Source: ISO 16684-1 (Adobe, XMP Specification Part 1). A document type or an entity is refused outright (defusedxml).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from .xmp_packet import packet_text

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
# Where the picture was made: a structure, or a list with one. Its properties get a prefix.
_CREATED = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}LocationCreated"
MADE_AT = "LocationCreated/"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


Xmp = dict[str, list[str]]


def read_xmp(data: bytes, extension: bytes = b"") -> Xmp:
    """Values of the top properties by name (`dc:title`), the default language first; empty when it cannot be read.

    `extension`: what did not fit into one segment of a JPEG. It adds to the packet, and never replaces its values.
    """
    return _read(extension) | _read(data)


def _read(data: bytes) -> Xmp:
    packet = packet_text(data)
    if packet is None:
        return {}
    try:
        root = fromstring(packet, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError):
        return {}
    found: Xmp = {}
    for rdf in root.iter(_RDF + "RDF"):
        # Nested descriptions are parts of structures: of another picture, or of the place that is shown.
        for description in rdf.findall(_RDF + "Description"):
            for name, value in _properties(description):
                if value:
                    found.setdefault(name, value)
    return found


def _properties(description: Element) -> Iterator[tuple[str, list[str]]]:
    """Name and values of each property of a known namespace."""
    for key, value in description.attrib.items():
        if (name := _name(key)) is not None:
            yield name, [value] if value.strip() else []
    for element in description:
        if element.tag == _CREATED:
            yield from _of_structure(element)
        elif (name := _name(element.tag)) is not None:
            yield name, _values(element)


def _of_structure(element: Element) -> Iterator[tuple[str, list[str]]]:
    for part in element.iter():
        for key, value in (*part.attrib.items(), (part.tag, part.text or "")):
            if (name := _name(key)) is not None:
                yield MADE_AT + name, [value] if value.strip() else []


def _values(element: Element) -> list[str]:
    """The text of a property, or of the items of its list."""
    container = next((child for child in element if child.tag in (_RDF + "Alt", _RDF + "Bag", _RDF + "Seq")), None)
    if container is None:
        return _texts([element])
    return _texts(sorted(container[:_MOST_VALUES], key=lambda item: item.get(_LANGUAGE) != "x-default"))


def _texts(elements: Iterable[Element]) -> list[str]:
    """The text of each element. The text of a value with qualifiers is in an element below."""
    texts = ((element.text or "").strip() or element.findtext(f".//{_RDF}value") or "" for element in elements)
    return [text for text in texts if text.strip()]


def _name(key: str) -> str | None:
    namespace, _, local = key.removeprefix("{").partition("}")
    prefix = _NAMESPACES.get(namespace)
    return None if prefix is None else prefix + local
