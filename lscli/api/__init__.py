"""Questions: data and options in, a typed answer out. One file a question."""
