"""Views of answers for a terminal, one file per kind of answer."""
