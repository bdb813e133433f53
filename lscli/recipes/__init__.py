"""Which recipe and convention of smoothing give a printed loss."""
