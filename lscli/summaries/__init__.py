"""Conclusions: sentences made from the rows of a report."""
