"""Files that are no pictures, by the words by which they are refused."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import struct
import tarfile
import wave
import zipfile

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><rect width="4" height="4"/></svg>'
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n"


def zipped(name: str = "a.txt") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "text")
    return buffer.getvalue()


def tarred(format: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    return buffer.getvalue()


def old_tar() -> bytes:
    """As before POSIX: without a magic number."""
    header = bytearray(tarred(tarfile.USTAR_FORMAT)[:1024])
    header[257:265] = bytes(8)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header[:512])
    return bytes(header)


def brand(major: str, *others: str) -> bytes:
    brands = b"".join(each.encode() for each in (major, "\0\0\2\0", *others))
    body = struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands
    return body + struct.pack(">I", 108) + b"moov" + bytes(100)


def wav() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(2000))
    return buffer.getvalue()


def font(tag: bytes = b"\0\1\0\0") -> bytes:
    return tag + struct.pack(">4H", 9, 128, 3, 16) + b"OS/2" + bytes(200)


def embedded_font() -> bytes:
    """An EOT: its numbers, the ranges of its letters, and reserved zeros, before its names."""
    numbers = struct.pack("<4I10sBBIHH", 5000, 4900, 0x20001, 0, bytes(10), 1, 0, 400, 0, 0x504C)
    return numbers + struct.pack("<7I", *[0x8000_00AF] * 6, 0x1234_5678) + bytes(16) + b"\0\0\x0a\0A\0" + bytes(60)


def program(kind: bytes, content: bytes = b"") -> bytes:
    return b"MZ" + bytes(58) + (128).to_bytes(4, "little") + bytes(64) + kind + bytes(62) + content + bytes(40)


MAIL = (
    b"Return-Path: <a@example.org>\r\nReceived: from mail.example.org\r\n by mx.example.org; Fri, 1 Mar 2024\r\n"
    b"Subject: pictures\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"
)
PAGE = (
    b"From: <Saved by Blink>\r\nSnapshot-Content-Location: https://example.org/\r\nSubject: =?utf-8?Q?Cats?=\r\n"
    b'MIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="x"\r\n\r\n'
)


UUENCODED = b"begin 644 cat.jpg\nM" + b"_]C_X``02D9)" * 5 + b"\n"


def in_utf_16(text: bytes) -> bytes:
    return text.decode().encode("utf-16")


NAMED: dict[str, list[bytes]] = {
    "archive": [
        zipped(),
        zipped("word/document.xml"),
        b"PK\x05\x06" + bytes(18),
        gzip.compress(SVG.encode(), mtime=0),
        bz2.compress(b"text"),
        lzma.compress(b"text"),
        lzma.compress(b"text", lzma.FORMAT_ALONE),
        b"7z\xbc\xaf\x27\x1c\0\4" + bytes(30),
        b"Rar!\x1a\x07\0" + bytes(30),
        b"Rar!\x1a\x07\1\0" + bytes(30),
        b"\x28\xb5\x2f\xfd\4\0" + bytes(30),
        b"\x04\x22\x4d\x18" + bytes(30),
        b"MSCF\0\0\0\0" + bytes(30),
        codecs.BOM_UTF8 + zipped(),
        b"\x50\x2a\x4d\x18\4\0\0\0abcd" + bytes(30),
        b"\x02\x21\x4c\x18" + bytes(30),
        b"\xff\x06\0\0sNaPpY" + bytes(30),
        b"\x89LZO\0\r\n\x1a\n" + bytes(30),
        b"xar!\0\x1c\0\1" + bytes(30),
        b"\xed\xab\xee\xdb\3\0" + bytes(90),
        b"\x12\x34\x31\0\0\0\x90**ACE**" + bytes(30),
        tarred(tarfile.USTAR_FORMAT),
        tarred(tarfile.GNU_FORMAT),
        tarred(tarfile.PAX_FORMAT),
        old_tar(),
        b"#!/bin/sh\nexec java -jar $0\n" + zipped(),
        bytes(300) + zipped() + b"signed",
        b"\x60\xea\x2c\0\x22\x0b\1\0" + bytes(60),
        b"\x22\x10-lzs-" + bytes(60),
        b"\xc7\x71\1\x08\5\0\xa4\x81" + bytes(60),
        b"ZOO 2.10 Archive.\x1a" + bytes(40),
        b"StuffIt (c)1997-2002 Aladdin Systems, Inc." + bytes(40),
        b"SIT!\0\1" + bytes(40),
        b"MSWIM\0\0\0\xd0\0\0\0" + bytes(60),
        b"hsqs" + bytes(24) + b"\4\0\0\0" + bytes(60),
        b"LRZI\0\6" + bytes(40),
        b"bvx2\0\x10\0\0" + bytes(40),
        b"PAR2\0PKT" + bytes(60),
        b"WARC/1.0\r\nWARC-Type: warcinfo\r\n",
        b"(This file must be converted with BinHex 4.0)\r\n:" + b"a" * 40,
        bytes(32769) + b"CD001\1" + bytes(40),
        bytes(32769) + b"BEA01\1" + bytes(40),
        b"StuffIt!\x0a\x10\0\x97" + bytes(40),
        b"ALZ\1\x0a\0\0\0BLZ\1" + bytes(40),
        b"EGGA\0\1" + bytes(40),
        b"RE~\x5e\7\0" + bytes(40),
        b"zPQ\2\1" + bytes(40),
        b"Cr24\3\0\0\0" + bytes(40),
        UUENCODED,
        in_utf_16(UUENCODED),
        b"=ybegin line=128 size=5 name=a.jpg\r\n" + bytes(range(40, 90)),
        bytes(600) + b"koly\0\0\0\4" + bytes(504),
    ],
    "office document": [
        zipped("xl/workbook.xml"),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d" + bytes(60),
        b"\xffWPC\x10\0\0\0\1\x0a" + bytes(60),
        b"HWP Document File V3.00 \x1a" + bytes(60),
    ],
    "video": [
        brand("isom", "iso2", "avc1", "mp41"),
        brand("mp41"),
        brand("mp42", "isom"),
        brand("avc1"),
        brand("iso5", "dash"),
        brand("dash"),
        brand("M4V ", "mp42"),
        brand("f4v "),
        brand("3gp4"),
        brand("3gp5", "isom"),
        brand("3g2a"),
        brand("MSNV"),
        brand("qt  "),
        brand("XAVC", "mp42"),
        brand("abcd"),
        # Pictures by their brands only.
        brand("heic", "mif1"),
        brand("mif1", "avif"),
        brand("msf1", "isom"),
        struct.pack(">I", 8) + b"wide" + struct.pack(">I", 100) + b"mdat" + bytes(100),
        struct.pack(">I", 116) + b"moov" + struct.pack(">I", 108) + b"mvhd" + bytes(100),
        b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\1" + bytes(30),
        b"RIFF\x10\0\0\0AVI LIST" + bytes(30),
        b"FLV\1\5\0\0\0\x09" + bytes(30),
        (b"\x47\x40\0\x10" + bytes(184)) * 5,
        (bytes(4) + b"\x47\x40\0\x10" + bytes(184)) * 5,
        b"OggS\0\2" + bytes(40),
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c" + bytes(30),
        b"\0\0\1\xba\x44" + bytes(30),
        b"\0\0\1\xb3\x16" + bytes(30),
        b"\0\0\1\xb0\1\0\0\1\xb5" + bytes(30),
        b"\0\0\0\1\x67\x42\0\x1e" + bytes(30),
        b"\0\0\1\x27\x64\0\x28" + bytes(30),
        b"\0\0\0\1\x40\1\x0c\1" + bytes(30),
        b"\x1f\7\0\x3f" + bytes(60),
        b"\xb7\xd8\0\x20\x37\x49\xda\x11\xa6\x4e\0\7\xe9\x5e\xad\x8d" + bytes(30),
        b"BIKi\x40\x42\x0f\0" + bytes(30),
        b"SMK2\x40\1\0\0" + bytes(30),
        b"CI,\0\0\0\1\0" + bytes(60),
        b"\x12\0\x0a\x0b\0\0\0\x24\xc4\xff\xdf\0\x68\x02" + bytes(range(60)),
        b"\x60\x5e\1\x10\x0c\x08\0\0\0\x24\xc4\xff\xdf\0" + bytes(range(60)),
        b"DKIF\0\0\x20\0AV01" + bytes(60),
        b"BBCD\0\0\0\0\x12" + bytes(60),
        b"\x84\x10\xff\xff\xff\xff\x1e\0" + bytes(60),
        b"Interplay MVE File\x1a\0" + bytes(60),
        # Segments of a stream, and other boxes before the one that says what the file is.
        b"\0\0\0\x18stypmsdh\0\0\0\0msdhmsix" + bytes(60),
        b"\0\0\0\x10moof\0\0\0\x08mfhd" + bytes(60),
        b"\0\0\0\x20sidx" + bytes(60),
        b"\0\0\0\x18uuid" + bytes(16) + brand("isom"),
        b"\0\0\0\x08free" + brand("mp42"),
        b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypmjp2\0\0\0\0mjp2" + bytes(60),
    ],
    "recording of sound": [
        wav(),
        b"RF64\xff\xff\xff\xffWAVEds64" + bytes(40),
        b"ID3\4\0\0" + bytes(40),
        b"fLaC\0\0\0\x22" + bytes(40),
        b"FORM\0\0\0\x40AIFFCOMM" + bytes(40),
        b"MThd\0\0\0\6\0\1\0\2" + bytes(20),
        brand("M4A ", "mp42", "isom"),
        b".ra\xfd\0\4" + bytes(40),
        b"DSD \x1c\0\0\0" + bytes(60),
        b"MAC \x96\x0f\0\0" + bytes(60),
        b"Creative Voice File\x1a\x1a\0" + bytes(60),
        (b"\xff\xfb\x90\x64" + bytes(413)) * 8,
        (b"\xff\xf1\x50\x80\x10\x1f\xfc" + bytes(120)) * 8,
    ],
    "PDF": [
        PDF,
        b"\n\n  " + PDF,
        codecs.BOM_UTF8 + PDF,
        PDF.decode("latin-1").encode("utf-16"),
        b"\x1b%-12345X@PJL JOB\r\n" + PDF,
        bytes(300) + PDF,
        b"junk " + PDF,
    ],
    "PostScript": [b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\x04%!PS-Adobe-2.0\n", b"\r\n%!PS\n", b"%!PS-AdobeFont-1.0: x\n"],
    "EPS": [b"\xc5\xd0\xd3\xc6" + bytes(40)],
    "font": [
        font(),
        font(b"OTTO"),
        font(b"true"),
        b"ttcf\0\1\0\0\0\0\0\2" + bytes(40),
        b"wOFF\0\1\0\0" + bytes(40),
        b"wOF2\0\1\0\0" + bytes(40),
        b"wOF2OTTO" + bytes(40),
        bytes(34) + b"LP" + bytes(60),
        b"\1fcp\5\0\0\0" + bytes(60),
        b"STARTFONT 2.1\nFONT -misc-fixed\n",
        embedded_font(),
        font(b"typ1"),
        b"%!FontType1-1.0: CMR10 1.00B\n",
        program(b"NE", b"\7FONTRES 100,96,96 : x"),
        b"\x72\xb5\x4a\x86\0\0\0\0\x20\0\0\0" + bytes(40),
        b"FILE\0\0\0\4PFF2NAME" + bytes(40),
        b"StartFontMetrics 4.1\nFontName CMR10\n",
        in_utf_16(b"StartFontMetrics 4.1\nFontName CMR10\n"),
        in_utf_16(b"STARTFONT 2.1\nFONT -misc-fixed\n"),
        b"\x36\x04\2\x10" + bytes(range(256)) * 16,
        b"\x36\x04\0\x08" + bytes(range(256)) * 8,
        b"\xf7\x59\x10 from TeX" + bytes(60),
    ],
    "JPEG XL": [b"\xff\x0a\xfa\x7f" + bytes(30), b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(30), brand("jxl ")],
    "raw file": [brand("crx ", "crx ", "isom"), brand("isom", "crx ")],
    "disk": [
        b"QFI\xfb\0\0\0\3" + bytes(90),
        b"conectix\0\0\0\2\0\1\0\0" + bytes(600),
        bytes(1024) + b"conectix\0\0\0\2\0\1\0\0" + bytes(496),
        b"vhdxfile" + "Microsoft Windows".encode("utf-16-le") + bytes(90),
        b"KDMV\1\0\0\0\3\0\0\0" + bytes(90),
        b"COWD\1\0\0\0" + bytes(90),
        b"# Disk DescriptorFile\nversion=1\n",
        in_utf_16(b"# Disk DescriptorFile\nversion=1\n"),
        b"<<< Oracle VM VirtualBox Disk Image >>>\n".ljust(64, b"\0") + b"\x7f\x10\xda\xbe" + bytes(90),
        b"WithoutFreeSpace\2\0\0\0" + bytes(60),
        b"-rom1fs-" + bytes(60),
    ],
    "a mail or a saved web page": [
        MAIL,
        PAGE,
        b"From a@example.org Fri Mar  1 10:00:00 2024\n" + MAIL.replace(b"\r", b""),
        codecs.BOM_UTF8 + MAIL,
        in_utf_16(PAGE),
        b"Message-ID: <1@example.org>\r\n\r\nhello",
    ],
    "mail": [b"!BDN\1\2\3\4SM\x17\0" + bytes(60), b"\x78\x9f\x3e\x22\1\0" + bytes(60)],
    "vCard": [b"BEGIN:VCARD\r\nVERSION:4.0\r\n", in_utf_16(b"BEGIN:VCALENDAR\r\n")],
    "MOBI": [bytes(60) + b"BOOKMOBI" + bytes(60)],
    "DVI": [b"\xf7\2\1\x83\x92\xc0\x1c\x3b\0\0\0\0\3\xe8" + bytes(60)],
    "database": [b"\0\1\0\0Standard Jet DB\0\1" + bytes(60)],
    "drawing": [
        b"\xd7\xcd\xc6\x9a" + bytes(40),
        b"\1\0\x09\0\0\3" + bytes(40),
        bytes((1, 0, 0, 0)) + bytes(36) + b" EMF",
    ],
    "PAM": [
        b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\nabc",
        b"P7\r\n# a comment\r\n",
        b"P7 332\n",
    ],
    "CgBI": [
        b"\x89PNG\r\n\x1a\n\0\0\0\4CgBI\x50\0\x20\x02\x2b\xd5\xb3\x7f\0\0\0\x0dIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4\x89",
    ],
    "PFM in colour": [
        b"PF\n1 1\n-1.0\n" + bytes(12),
        b"PF 1 1 1.0\n" + bytes(12),
        b"PF\n# a comment\n1 1\n-1.0\n" + bytes(12),
    ],
    "JPEG-LS": [
        b"\xff\xd8\xff\xf7\0\x0b\x08\0\2\0\2\1\1\x11\0\xff\xda\0\x08\1\1\0\0\0\0" + bytes(9) + b"\xff\xd9",
        b"\xff\xd8\xff\xf8\0\x0d\1\0\xff\0\3\0\7\0\x15\0\x40\xff\xf7" + bytes(30),
    ],
    "farbfeld": [b"farbfeld" + bytes((0, 0, 0, 1)) * 2 + bytes(8)],
    "DPX": [b"SDPX\0\0\x08\0V1.0\0" + bytes(40), b"XPDS\0\x08\0\0V2.0\0" + bytes(40)],
    "Cineon": [b"\x80\x2a\x5f\xd7" + bytes(40), b"\xd7\x5f\x2a\x80" + bytes(40)],
    "RIFF": [b"RIFF\x10\0\0\0CDR9vrsn" + bytes(30)],
    "program": [program(b"PE\0\0"), program(b"NE")],
    "FDF": [b"%FDF-1.2\n1 0 obj\n"],
    "JPM": [b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjpm \0\0\0\0jpm " + bytes(60)],
    "CHM": [b"ITSF\3\0\0\0\x60\0\0\0" + bytes(60)],
    "AppleDouble": [b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(60)],
    "RTF": [b"{\\rtf1\\ansi}", in_utf_16(b"{\\rtf1\\ansi}")],
}
