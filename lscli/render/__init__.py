"""Render answers as text or bytes."""
