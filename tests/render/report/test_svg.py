"""A picture inside a page: ids of its own, and nothing that reaches beyond it."""

from __future__ import annotations

from xml.etree import ElementTree

from lscli.render.report.svg import inline

DRAWN = b"""<?xml version="1.0" encoding="utf-8" standalone="no"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns:xlink="http://www.w3.org/1999/xlink" xmlns="http://www.w3.org/2000/svg" width="10pt" height="10pt">
 <metadata>when</metadata>
 <defs><style type="text/css">*{color: red}</style><path id="m1" d="M0 0"/><clipPath id="c1"/></defs>
 <g id="axes" clip-path="url(#c1)"><use xlink:href="#m1"/><text>id="m1" url(#c1) &lt;script&gt;</text></g>
</svg>"""


def test_ids_and_what_points_to_them_get_the_prefix_and_texts_stay() -> None:
    found = inline(DRAWN, "p1-", 'a "title" <b>')
    assert found.startswith("<svg ")
    root = ElementTree.fromstring(found)
    assert ["p1-m1", "p1-c1", "p1-axes"] == [each.get("id") for each in root.iter() if each.get("id")]
    assert "url(#p1-c1)" in found
    assert "#p1-m1" in [each.get("{http://www.w3.org/1999/xlink}href") for each in root.iter()]
    assert ['a "title" <b>', 'id="m1" url(#c1) <script>'] == [
        each.text for each in root.iter() if each.tag.endswith(("title", "}text"))
    ]
    assert ("img", 'a "title" <b>') == (root.get("role"), root.get("aria-label"))
    assert [] == [each for each in root.iter() if each.tag.endswith(("style", "metadata"))]


def test_two_pictures_share_no_id() -> None:
    one, other = (
        {each.get("id") for each in ElementTree.fromstring(inline(DRAWN, prefix, "t")).iter()} - {None}
        for prefix in ("p1-", "p2-")
    )
    assert not one & other
