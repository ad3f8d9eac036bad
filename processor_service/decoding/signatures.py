"""Recognizes files that are not decoded by how they begin, and says what they are."""

from __future__ import annotations

import re

_VIDEO = "is a video, not a picture"
_AUDIO = "is a recording of sound, not a picture"
_ARCHIVE = "is an archive; send the pictures in it"
_OFFICE = "is an archive or an office document; send the pictures in it"
_FONT = "is a font, not a picture"
_DRAWING = "is a drawing; send it as PNG"
_PROGRAM = "is a program; send the picture that it draws"
_PAGES = "is a document; send its pages as pictures"
_DISK = "is the image of a disk; send the pictures on it"
_OFFICE_FILE = "is an office document; send the pictures in it"
_BESIDE = "is what a Mac keeps beside a file; send that file"
_CONVERT = "is not accepted; convert it to PNG or JPEG first"

# Offset, regular expression, name, what to say about it. Letters alone are not a signature: a text may begin with them.
_SIGNATURES: tuple[tuple[int, bytes, str, str], ...] = (
    (0, rb"[\s\xef\xbb\xbf\x00]{0,64}%PDF-\d", "PDF", _PAGES),
    (0, rb"%FDF-\d", "FDF", _PAGES),
    (0, rb"[\s\x04\xef\xbb\xbf]{0,64}%!PS", "PostScript", _PROGRAM),
    (0, rb"\xc5\xd0\xd3\xc6", "EPS", _PROGRAM),
    (0, rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE", _OFFICE_FILE),
    (0, rb"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "OneNote", _OFFICE_FILE),
    (0, rb"\xffWPC.{4}\x01", "WordPerfect", _OFFICE_FILE),
    (0, rb"HWP Document File V\d", "HWP", _OFFICE_FILE),
    (0, rb"\x00\x01\x00\x00Standard (Jet|ACE) DB\x00", "Access", "is a database, not a picture"),
    (0, rb"!BDN.{4}SM", "PST", "is a box of mails; send the pictures in it"),
    (0, rb"\x78\x9f\x3e\x22", "TNEF", "is a part of a mail; send the pictures in it"),
    (60, rb"BOOKMOBI|TEXtREAd", "MOBI or PalmDoc", _PAGES),
    (0, rb"ITOLITLS\x01", "LIT", _PAGES),
    (0, rb"\xf7\x02\x01\x83\x92\xc0\x1c\x3b", "DVI", _PAGES),
    # Its head: fields and their values, one of which only mails have (RFC 5322, RFC 2045). A box of mails has a line
    # before the first one.
    (
        0,
        rb"(?:From [^\r\n]{1,200}\r?\n)?(?:[!-9;-~]{1,70}:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*+){0,100}?"
        rb"(?i:MIME-Version:\s*1|Content-Type:\s*multipart/|Message-ID:\s*<|Return-Path:\s*<|Received:\s*(from|by)\s)",
        "MIME",
        "is a mail or a saved web page; send the pictures in it",
    ),
    (0, rb"BEGIN:V(CALENDAR|CARD)\r?\n", "vCard or iCalendar", "is an address or an appointment, not a picture"),
    (0, rb"\{\\rtf", "RTF", _PAGES),
    (0, rb"\xff\x0a", "JPEG XL", _CONVERT),
    (0, rb"\x00\x00\x00\x0cJXL ", "JPEG XL", _CONVERT),
    (0, rb"II\xbc[\x00\x01]", "JPEG XR", _CONVERT),
    (0, rb"v/1\x01", "OpenEXR", _CONVERT),
    (0, rb"#\?R(ADIANC|GB)E", "Radiance HDR", _CONVERT),
    (0, rb"FLIF", "FLIF", _CONVERT),
    (0, rb"BPG\xfb", "BPG", _CONVERT),
    (0, rb"AT&TFORM", "DjVu", _CONVERT),
    (0, rb"P7\s", "PAM", _CONVERT),
    # What Xcode makes of the PNGs of an app: no zlib header, blue first.
    (0, rb"\x89PNG\r\n\x1a\n.{4}CgBI", "PNG of an iOS app (CgBI)", _CONVERT),
    (0, rb"PF\s(#[^\r\n]*\s)*\d+\s+\d+\s+[-+.\d]", "PFM in colour", _CONVERT),
    (0, rb"farbfeld\x00.{3}\x00", "farbfeld", _CONVERT),
    (0, rb"(SDPX|XPDS).{4}V\d", "DPX", _CONVERT),
    (0, rb"\x80\x2a\x5f\xd7|\xd7\x5f\x2a\x80", "Cineon", _CONVERT),
    # Its first frame, without or with tables for it (ISO/IEC 14495-1).
    (0, rb"\xff\xd8\xff[\xf7\xf8]", "JPEG-LS", _CONVERT),
    (0, rb"\xabKTX", "KTX", _CONVERT),
    (0, rb"\x13\xab\xa1\x5c", "ASTC", _CONVERT),
    (0, rb"\x97JB2\r\n", "JBIG2", _CONVERT),
    (0, rb"[\x8a\x8b][MJ]NG\r\n\x1a\n", "MNG", _CONVERT),
    (0, rb"gimp xcf", "XCF", _CONVERT),
    (0, rb"8BPS\x00\x02", "PSB", _CONVERT),
    (0, rb"FORM.{4}(ILBM|PBM |ACBM)", "IFF", _CONVERT),
    (0, rb"SIMPLE  =", "FITS", _CONVERT),
    (0, rb"\x89HDF", "HDF5", _CONVERT),
    (0, rb"GRIB.{3}[\x01\x02]", "GRIB", _CONVERT),
    (0, rb"BUFR.{3}[\x00-\x04]", "BUFR", _CONVERT),
    (0, rb"BLENDER[-_v]", "Blender", _DRAWING),
    (0, rb"AC10\d\d\x00", "DWG", _DRAWING),
    (0, rb"\xd7\xcd\xc6\x9a", "WMF", _DRAWING),
    (0, rb"\x1a\x45\xdf\xa3", "Matroska or WebM", _VIDEO),
    (0, rb"FLV\x01", "FLV", _VIDEO),
    (0, rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media (WMV, ASF, WMA)", "is a video or sound, not a picture"),
    (0, rb"OggS\x00", "Ogg", "is a video or sound, not a picture"),
    (0, rb"\x00\x00\x01[\xb0\xb3\xb5\xba]", "MPEG", _VIDEO),
    # The parameter sets with which a stream begins (ITU-T H.264 and H.265).
    (0, rb"\x00?\x00\x00\x01([\x27\x47\x67][\x42-\x7a]|\x40\x01\x0c|\x09[\x10-\xf0]\x00)", "H.264, H.265", _VIDEO),
    (0, rb"\x1f\x07\x00[\x3f\xbf]", "DV", _VIDEO),
    (0, rb"\xb7\xd8\x00\x20\x37\x49\xda\x11", "WTV", _VIDEO),
    (0, rb"BIK[a-k].{3}\x00|KB2[a-n].{3}\x00|SMK[24].{3}\x00", "Bink or Smacker", _VIDEO),
    (0, rb"NSV[fs][\x00-\x1f]|nut/multimedia container\x00", "NSV or NUT", _VIDEO),
    (0, rb"CI\x2c\x00[\x00-\x02]\x00", "Cine", _VIDEO),
    (0, rb"\x00\x00\x00\x0cjP  \r\n\x87\n.{4}ftypmjp2", "Motion JPEG 2000", _VIDEO),
    (0, rb"\x00\x00\x00\x0cjP  \r\n\x87\n.{4}ftypjpm ", "JPM", _PAGES),
    (0, rb"\.RMF\x00", "RealMedia", _VIDEO),
    (0, rb"BBCD\x00", "Dirac", _VIDEO),
    (0, rb"\x84\x10\xff{4}", "RoQ", _VIDEO),
    (0, rb"Interplay MVE File\x1a", "MVE", _VIDEO),
    (0, rb"#EXTM3U[\r\n]", "M3U", "lists videos or sound and is not a picture"),
    (0, rb"DKIF\x00\x00", "IVF", _VIDEO),
    (0, rb"YUV4MPEG2 ", "YUV4MPEG", _VIDEO),
    (0, rb"\x06\x0e\x2b\x34\x02\x05\x01\x01", "MXF", _VIDEO),
    (0, rb"[FCZ]WS[\x01-\x32].{3}[\x00-\x0f]", "Flash", _VIDEO),
    (0, rb"ID3[\x02-\x04]", "MP3", _AUDIO),
    (0, rb"fLaC\x00", "FLAC", _AUDIO),
    (0, rb"FORM.{4}AIF[FC]", "AIFF", _AUDIO),
    (0, rb"MThd\x00", "MIDI", _AUDIO),
    (0, rb"#!AMR", "AMR", _AUDIO),
    (0, rb"\.snd\x00", "AU", _AUDIO),
    (0, rb"\.ra\xfd\x00", "RealAudio", _AUDIO),
    (0, rb"caff\x00", "CAF", _AUDIO),
    (0, rb"(RF64|BW64).{4}WAVE", "WAV", _AUDIO),
    (0, rb"wvpk.{2}", "WavPack", _AUDIO),
    (
        0,
        rb"DSD \x1c\x00|MAC [\x80-\xff][\x0c-\x10]|TTA[12]\x01\x00|MPCK[A-Z]{2}|MP\+[\x07\x17]",
        "DSF, APE, TTA or MPC",
        _AUDIO,
    ),
    (0, rb"Creative Voice File\x1a", "VOC", _AUDIO),
    (0, rb"PK(\x03\x04|\x05\x06|\x07\x08|00PK)", "zip", _OFFICE),
    (0, rb"StuffIt[!?](?=.{0,64}?[\x00-\x08])", "StuffIt X", _ARCHIVE),
    (0, rb"ALZ\x01", "ALZ", _ARCHIVE),
    (0, rb"EGGA\x00\x01", "EGG", _ARCHIVE),
    (0, rb"RE~\x5e", "RAR", _ARCHIVE),
    (0, rb"zPQ[\x01\x02]\x01|7kSt\xa0\x31\x83\xd3", "ZPAQ", _ARCHIVE),
    (0, rb"Cr24[\x02\x03]\x00\x00\x00", "CRX", _ARCHIVE),
    (
        0,
        rb"begin(-base64)? [0-7]{3,4} [^\r\n]{1,255}\r?\n(M[!-`]{60}\r?\n|[A-Za-z0-9+/=]{60})|=ybegin (part|line)=\d",
        "uuencode or yEnc",
        _ARCHIVE,
    ),
    (0, rb"QFI\xfb\x00\x00\x00[\x01-\x03]", "QCOW", _DISK),
    (0, rb"conectix\x00\x00\x00", "VHD", _DISK),
    (0, rb"vhdxfile", "VHDX", _DISK),
    (0, rb"KDMV[\x01-\x03]\x00\x00\x00|COWD\x01\x00\x00\x00|# Disk DescriptorFile[\r\n]", "VMDK", _DISK),
    (0, rb"WithoutFreeSpace\x02|WithouFreSpacExt\x02", "Parallels", _DISK),
    (0, rb"-rom1fs-|\x45\x3d\xcd\x28.{12}Compressed ROMFS", "romfs or cramfs", _DISK),
    (0, rb"7z\xbc\xaf\x27\x1c", "7z", _ARCHIVE),
    (0, rb"Rar!\x1a\x07", "RAR", _ARCHIVE),
    (0, rb"\xfd7zXZ\x00", "xz", _ARCHIVE),
    (0, rb"BZh[1-9](\x31\x41\x59\x26\x53\x59|\x17\x72\x45\x38\x50\x90)", "bzip2", _ARCHIVE),
    (0, rb"([\x22-\x28]\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18)", "Zstandard", _ARCHIVE),
    (0, rb"(\x04\x22\x4d|\x02\x21\x4c)\x18", "LZ4", _ARCHIVE),
    (0, rb"\xff\x06\x00\x00sNaPpY", "Snappy", _ARCHIVE),
    (0, rb"\x89LZO\x00\r\n\x1a\n", "LZO", _ARCHIVE),
    (0, rb"xar!\x00", "XAR", _ARCHIVE),
    (0, rb"\xed\xab\xee\xdb", "RPM", _ARCHIVE),
    (7, rb"\*\*ACE\*\*", "ACE", _ARCHIVE),
    (0, rb"LZIP\x01", "lzip", _ARCHIVE),
    (0, rb"LRZI\x00", "lrzip", _ARCHIVE),
    (0, rb"(bvx[-12n].{3}|pbz[x4e])\x00", "LZFSE", _ARCHIVE),
    (0, rb"MSWIM\x00\x00\x00", "WIM", _ARCHIVE),
    (0, rb"hsqs.{24}[\x00-\x08]\x00", "SquashFS", _ARCHIVE),
    (0, rb"ITSF[\x02-\x04]\x00\x00\x00", "CHM", _PAGES),
    (0, rb"SIT!\x00|StuffIt \(c\)199\d-", "StuffIt", _ARCHIVE),
    (0, rb"ZOO \d\.\d\d Archive\.", "ZOO", _ARCHIVE),
    (0, rb"PAR2\x00PKT", "PAR2", _ARCHIVE),
    (0, rb"WARC/\d\.\d\r\n", "WARC", _ARCHIVE),
    (0, rb"\(This file must be converted with BinHex", "BinHex", _ARCHIVE),
    # What a Mac keeps beside a file, on disks of others: `._photo.jpg`.
    (0, rb"\x00\x05\x16[\x00\x07]\x00[\x01\x02]\x00\x00", "AppleDouble", _BESIDE),
    (0, rb"\x5d\x00\x00.{2}(\xff{8}|.{4}\x00{4})", "LZMA", _ARCHIVE),
    (0, rb"\x1f\x8b", "gzip", _ARCHIVE),
    (0, rb"\x1f[\x9d\xa0]", "compress", _ARCHIVE),
    (0, rb"MSCF\x00\x00\x00\x00", "CAB", _ARCHIVE),
    (0, rb"!<arch>\n", "ar", _ARCHIVE),
    (0, rb"07070[127]\d{6}", "cpio", _ARCHIVE),
    (0, rb"(\x00\x01\x00\x00|true|typ1|OTTO)\x00[\x01-\x7f].{6}[A-Za-z/ 0-9]{4}", "TrueType or OpenType", _FONT),
    (0, rb"ttcf\x00", "TrueType collection", _FONT),
    (0, rb"wOF[F2](\x00\x01\x00\x00|OTTO|true|ttcf)", "WOFF", _FONT),
    (0, rb"\x80\x01.{4}%!|%!FontType1", "Type 1", _FONT),
    (0, rb"\x72\xb5\x4a\x86|FILE\x00\x00\x00\x04PFF2", "PSF or PF2", _FONT),
    (0, rb"StartFontMetrics \d|SplineFontDB: \d", "AFM or SFD", "describes a font and is not a picture"),
    (0, rb"\x01fcp.{3}\x00", "PCF", _FONT),
    (0, rb"\xf7[\x59\x83\xca]|PK\x08\x08BGI |D1\.0\r\n\x00", "TeX, BGI or Speedo", _FONT),
    (0, rb"STARTFONT \d\.\d", "BDF", _FONT),
    (0, rb"\x7fELF", "ELF", "is a program, not a picture"),
    (0, rb"SQLite format 3\x00", "SQLite", "is a database, not a picture"),
)
# Signatures that a picture may have at these places by chance.
_TRACES: tuple[tuple[int, bytes, str, str], ...] = (
    # A temporal delimiter, then the head of a sequence, with their sizes or in annex B's units (AV1, 5.3 and 5.5).
    (0, rb"\x12\x00\x0a[\x06-\x40]|[\x10-\xff].{0,3}?\x01\x10[\x06-\x40]\x08", "AV1", _VIDEO),
    (64, rb"\x7f\x10\xda\xbe", "VDI", _DISK),
    (2, rb"-l[hz][0-9ds]-", "LHA", _ARCHIVE),
    (0, rb"\x60\xea.{2}[\x1e-\x40][\x01-\x7f]", "ARJ", _ARCHIVE),
    (0, rb"\xc7\x71.{5}[\x41\x81\xa1]", "cpio", _ARCHIVE),
    (0, rb"[\x01\x02]\x00\x09\x00\x00[\x01\x03]", "WMF", _DRAWING),
    (0, rb"RIF(?:F.{3}\x00|X\x00.{3})(?!WEBP)[A-Za-z0-9 ]{4}", "RIFF", "holds something else than a picture"),
    # Its version, further on its magic number, and reserved zeros (W3C, Embedded OpenType).
    (8, rb"[\x00-\x02]\x00[\x00-\x02]\x00.{22}LP.{28}\x00{16}", "EOT", _FONT),
    (40, rb" EMF", "EMF", _DRAWING),
    (128, rb"DICM", "DICOM", _CONVERT),
    (257, rb"ustar(\x00|  \x00)", "tar", _ARCHIVE),
    (32769, rb"CD001|BEA01", "ISO 9660 or UDF", _ARCHIVE),
    (0, rb"\x47.{187}\x47.{187}\x47", "MPEG transport stream", _VIDEO),
    (4, rb"\x47.{191}\x47.{191}\x47", "MPEG transport stream", _VIDEO),
)


def _described(data: bytes, signatures: tuple[tuple[int, re.Pattern[bytes], str, str], ...]) -> str | None:
    for offset, regex, name, remark in signatures:
        if regex.match(data, offset):
            return f"{name} {remark}"
    return None


def _compiled(
    signatures: tuple[tuple[int, bytes, str, str], ...],
) -> tuple[tuple[int, re.Pattern[bytes], str, str], ...]:
    return tuple((at, re.compile(regex, re.DOTALL), name, remark) for at, regex, name, remark in signatures)


_COMPILED, _COMPILED_TRACES = _compiled(_SIGNATURES), _compiled(_TRACES)
_RIFF = {b"AVI ": ("AVI", _VIDEO), b"WAVE": ("WAV", _AUDIO), b"RMID": ("MIDI", _AUDIO), b"ACON": ("ANI", _CONVERT)}
# Boxes at the beginning of files that do not say what they are, and of segments of streams.
_QUICKTIME = re.compile(rb"\x00.{3}(moov|mdat|wide|pnot|free|skip|styp|moof|sidx|emsg|prft|uuid)", re.DOTALL)
# The end of a zip has a comment of up to 64 KiB; the sum of a tar's header stands in octal digits.
_MOST_BEHIND_ZIP = 22 + 65_535
_OCTAL = re.compile(rb" *([0-7]{1,6})[ \x00]")
_SOUND = re.compile(rb"\xff[\xf1-\xf3\xf9-\xfb]")
# A PDF may begin within the first 1,024 bytes. In a text about PDF the line does not end there.
_PDF = re.compile(rb"%PDF-\d\.\d[ \t]*([\r\n]|$)?")


def described_by_signature(data: bytes) -> str | None:
    """A clause that says what the file is, when its first bytes show that it is not a picture that is decoded."""
    if clause := _described(data, _COMPILED):
        return clause
    if data[:4] in (b"RIFF", b"RIFX") and data[8:12] in _RIFF:
        name, remark = _RIFF[data[8:12]]
        return f"{name} {remark}"
    return None


def _described_by_places(data: bytes) -> str | None:
    """What is recognized by numbers that lead to places: programs, archives behind something else, old archives."""
    if data[:2] == b"MZ":
        at = int.from_bytes(data[0x3C:0x40], "little")
        if data[at : at + 2] == b"NE" and b"FONTRES" in data[at:]:
            return f"FON {_FONT}"
        if data[at : at + 2] in (b"PE", b"NE"):
            return "the file is a program, not a picture"
    if (end := data.rfind(b"PK\x05\x06", -_MOST_BEHIND_ZIP)) >= 0 and data.rfind(b"PK\x01\x02", 0, end) >= 0:
        return f"zip {_OFFICE}"
    if data[-512:-501] == b"conectix\x00\x00\x00":
        return f"VHD {_DISK}"
    # Its mode, and the bytes of a letter, of which there are 256.
    if data[:2] == b"\x36\x04" and data[2:3] < b"\x08" and len(data) >= 4 + 256 * (int.from_bytes(data[3:4]) or 256):
        return f"PSF {_FONT}"
    if data[-512:-504] == b"koly\x00\x00\x00\x04":
        return f"DMG {_ARCHIVE}"
    if len(data) >= 512 and (stated := _OCTAL.match(data, 148)) and int(stated[1], 8) == _tar_sum(data[:512]):
        return f"tar {_ARCHIVE}"
    return None


def _tar_sum(header: bytes) -> int:
    """The sum of a header of tar, in which its own place counts as blanks."""
    return sum(header[:148]) + sum(header[156:]) + 8 * ord(" ")


def described_by_traces(data: bytes) -> str | None:
    """The same for signatures that a picture may have, too. Call it when no decoder takes the bytes."""
    if clause := _described(data, _COMPILED_TRACES) or _described_by_places(data):
        return clause
    found = _PDF.search(data, 0, 1024)
    if found and (found[1] is not None or b" obj" in data):
        return f"PDF {_PAGES}"
    if _QUICKTIME.match(data):
        return f"QuickTime or MP4 {_VIDEO}"
    # Frames of sound one after the other, all with the same beginning.
    if _SOUND.match(data) and data[:8192].count(data[:2]) >= 4:
        return f"MP3 or AAC {_AUDIO}"
    return None
