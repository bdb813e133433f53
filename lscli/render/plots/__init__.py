"""Charts drawn with matplotlib, one chart a file."""
