"""The numbers that a chart draws, one chart a file, without matplotlib."""
