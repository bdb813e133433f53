"""What readers with a keyboard or a screen reader need, and Sphinx leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# Code and tables that are wider than the screen scroll, also by keys; and a heading has a level.
_MENDED = {
    "<pre>": '<pre tabindex="0">',
    '<div class="table-wrapper': '<div tabindex="0" class="table-wrapper',
    '<div class="cell_output': '<div tabindex="0" class="cell_output',
    '<div class="math">': '<div tabindex="0" class="math">',
    '<p class="caption" role="heading">': '<p class="caption" role="heading" aria-level="2">',
}


def accessible(html: str) -> str:
    """The HTML with places for the keyboard, and levels of headings."""
    for found, mended in _MENDED.items():
        html = html.replace(found, mended)
    return html


def _mend(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: object) -> None:
    for part in ("body", "furo_navigation_tree"):
        if part in context:
            context[part] = accessible(context[part])


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("html-page-context", _mend, priority=900)  # after the theme
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
