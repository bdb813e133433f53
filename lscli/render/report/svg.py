"""An SVG file as a part of an HTML page: with ids of its own, and a title for those who cannot see it."""

from __future__ import annotations

import re
from xml.etree import ElementTree

_SVG, _LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_URL = re.compile(r"url\(#([^)]*)\)")
# What a page has no use for: data about the file, and a style that would apply to the whole page.
_LEFT_OUT = (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style")


def inline(drawn: bytes, prefix: str, title: str) -> str:
    """The element `svg` of a file that was drawn here.

    Args:
        drawn: the file.
        prefix: comes before each id, so that no other picture of the page has it.
        title: says what the picture shows.
    """
    root = ElementTree.fromstring(drawn)  # noqa: S314  # not from elsewhere
    for parent in list(root.iter()):
        for child in [each for each in parent if each.tag in _LEFT_OUT]:
            parent.remove(child)
    for element in root.iter():
        for name, value in element.attrib.items():
            if name == "id":
                element.set(name, prefix + value)
            elif name in ("href", f"{{{_LINK}}}href") and value.startswith("#"):
                element.set(name, f"#{prefix}{value[1:]}")
            elif "url(#" in value:
                element.set(name, _URL.sub(rf"url(#{prefix}\1)", value))
    root.set("role", "img")
    root.set("aria-label", title)
    shown = ElementTree.Element(f"{{{_SVG}}}title")
    shown.text = title
    root.insert(0, shown)
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _LINK)
    return ElementTree.tostring(root, encoding="unicode")
