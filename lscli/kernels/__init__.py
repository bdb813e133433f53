"""The only code that sees an array of N x K: rows in, row states out."""
