"""Tests of lscli/curves."""
