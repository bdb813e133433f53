"""Formulas as MathML, which browsers show without a script and without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from docutils import nodes
from latex2mathml.converter import convert

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def _mathml(node: nodes.Element, display: Literal["inline", "block"]) -> str:
    # LaTeX has a space between ln and its argument.
    found: str = convert(node.astext(), display=display)
    return found.replace("<mi>ln</mi>", '<mi>ln</mi><mspace width="0.17em" />')


def _inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(_mathml(node, "inline"))
    raise nodes.SkipNode


def _block(translator: Any, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="math">{_mathml(node, "block")}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_html_math_renderer("mathml", inline_renderers=(_inline, None), block_renderers=(_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
