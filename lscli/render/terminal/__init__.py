"""Views of answers for a terminal, a file for each kind of answer."""
