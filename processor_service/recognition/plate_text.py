"""What a number plate says: which texts can be one, its normal form, and the form in which it is searched."""

from __future__ import annotations

import re
import unicodedata

# China: the province's character, or that of the embassies, and the last character of special plates (police, driving
# school, trailer, Hong Kong, Macao, embassy, consulate).
PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使"
SPECIAL = "警学挂港澳使领"
_CHINESE = re.compile(rf"[{PROVINCES}][A-Z][A-Z0-9]{{4,6}}[{SPECIAL}]?|[A-Z]{{2}}[0-9]{{5}}[{SPECIAL}]")
# Germany's districts have umlauts: LÖ, TÜ, MÜ.
_LETTER = "A-ZÄÖÜ"
_KEPT = re.compile(rf"[^{_LETTER}0-9{PROVINCES}{SPECIAL}]")
_IDEOGRAPH = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
_WESTERN = re.compile(rf"(?=.*[{_LETTER}])(?=.*[0-9])[{_LETTER}0-9]{{4,9}}")
# "500KG", "1080P", "4WD", "200M", "12MM": measures, not plates.
_MEASURE = re.compile(
    r"[0-9]+(K?[GMWVB]|[CM]M|ML|L|HP|PS|CV|KWH?|WD|MPH|KMH?|FT|LBS?|MHZ|GHZ|[GM]B|P|DPI|PX|TH|ST|ND|RD|AM|PM)"
)
_DATE = re.compile(r"[0-9]{1,2}(JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[0-9]*")
# Upper and lower line of plates in two lines: Chinese; letters above (Brazil, Germany, Italy); Britain and France.
_STACKED = [
    (re.compile(rf"[{PROVINCES}][A-Z]"), re.compile(rf"[A-Z0-9]{{4,6}}[{SPECIAL}]?")),
    (re.compile(f"[{_LETTER}]{{1,3}}"), re.compile("[A-Z]{0,2}[0-9][A-Z0-9]{2,4}")),
    (re.compile("[A-Z]{2}[0-9]{2,3}"), re.compile("[A-Z]{2,3}")),
]
_FOLDED = str.maketrans("OQDÖIL" + "BSZG" + "ÄÜ", "000011" + "8526" + "AU")


def normal(text: str) -> str:
    """Upper case without separators: "RK-755 AJ" is RK755AJ, "LÖ-AB 123" is LÖAB123, "川A·8H458" is 川A8H458.

    Empty when there are other ideographs in it, which no plate has.
    """
    text = unicodedata.normalize("NFC", text.upper())
    plain = _KEPT.sub("", text)
    return plain if len(_IDEOGRAPH.findall(text)) == len(_IDEOGRAPH.findall(plain)) else ""


def folded(plate: str) -> str:
    """The form to search a plate by: what is easily confused is the same.

    O, Ö, Q, D and 0; I, L and 1; B and 8; S and 5; Z and 2; G and 6; Ä and A; Ü and U.
    """
    return normal(plate).translate(_FOLDED)


def is_chinese(plate: str) -> bool:
    """Whether a normal form is a whole Chinese plate."""
    return _CHINESE.fullmatch(plate) is not None


def is_plate(plate: str) -> bool:
    """Whether a normal form can be a whole plate: 4 to 9 characters, a letter and a digit at least; or Chinese."""
    if is_chinese(plate):
        return True
    return bool(_WESTERN.fullmatch(plate)) and not _MEASURE.fullmatch(plate) and not _DATE.fullmatch(plate)


def stacked(upper: str, lower: str) -> str | None:
    """The plate whose two lines these normal forms are; None when they are not a plate."""
    fits = any(above.fullmatch(upper) and below.fullmatch(lower) for above, below in _STACKED)
    return upper + lower if fits and is_plate(upper + lower) else None
