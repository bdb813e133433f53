"""The look of all charts: sizes of text, and colours that colour-blind readers and grey prints tell apart."""

from __future__ import annotations

from typing import Any

# The colours of Okabe and Ito (2008) with the wine of Tol (2021) for their purple, which is as light as their green in
# grey; neighbours differ in lightness. Lines and marks differ without colour.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#882255", "#56B4E9", "#D55E00")
LINES = ("-", "--", "-.", ":")
MARKS = ("o", "s", "^", "D", "v", "P")
RIGHT, WRONG, BAND, LINE = COLOURS[0], COLOURS[5], "#BBBBBB", "#444444"

RC: dict[Any, Any] = {
    # Matplotlib brings this font, so that all machines draw the same. An SVG names sans-serif after it.
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "svg.fonttype": "none",  # text as text
    "svg.hashsalt": "lscli",  # the same ids, so that the same input gives the same bytes
    "pdf.fonttype": 42,
    "savefig.dpi": 300,
    "text.usetex": False,
    "text.parse_math": False,  # a file name may hold a dollar sign
}
