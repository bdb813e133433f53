"""Questions that take more than one metric: tables in, rows out."""
