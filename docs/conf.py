"""The site of these documents: `sphinx-build -W --keep-going -b html docs docs/_build/html`.

It needs the extra `docs` and no network. What the code says already, the commands, metrics and functions, is written to
docs/_generated while the site is built (docs/extensions).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "extensions"))

from lscli import __version__  # noqa: E402

project, author, release = "lscli", "the authors of lscli", __version__
project_copyright = author
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "mathml",
    "reference_pages",
    "gallery",
    "accessible",
]
exclude_patterns = ["_build", "extensions", "releasing.md", "**/.ipynb_checkpoints"]
templates_path: list[str] = []

myst_enable_extensions = ["deflist", "attrs_block"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120

smartquotes = False  # -- begins an option
default_role = "code"
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring, napoleon_numpy_docstring = True, False
napoleon_custom_sections = [("Options", "params_style")]
napoleon_use_ivar = True
napoleon_use_rtype = False  # "A Report: losses in nats" is a sentence
maximum_signature_line_length = 100

html_theme = "furo"
html_title = f"lscli {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False

# Pages of the site that include a file of the repository, to which the documents link.
_INCLUDED = {
    "../benchmarks/README.md": "/benchmarks.md",
    "../SECURITY.md": "/security.md",
    "../CHANGELOG.md": "/changelog.md",
}


def _link_to_pages(app: Sphinx, *event: Any) -> None:
    source: list[str] = event[-1]  # of a page, or of a file that it includes
    for path, page in _INCLUDED.items():
        source[0] = source[0].replace(f"]({path}", f"]({page}")


def setup(app: Sphinx) -> None:
    app.connect("source-read", _link_to_pages)
    app.connect("include-read", _link_to_pages)
