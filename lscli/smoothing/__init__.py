"""Label smoothing: conventions, smoothed labels, terms of the loss."""
