"""The public functions, one file per question: data and options in, a typed answer out."""
