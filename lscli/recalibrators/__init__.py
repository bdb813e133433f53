"""Recalibrators: a file per map from logits to logits, and a table of all."""
