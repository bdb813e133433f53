"""Tests of lscli/render/plots."""
