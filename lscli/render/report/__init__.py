"""The HTML report: what it holds, its template and style, and the page made of them."""
