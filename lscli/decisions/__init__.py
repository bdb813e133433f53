"""Decisions: which of two models is better, and whether metrics are within their limits."""
