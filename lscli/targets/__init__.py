"""The smoothed targets: the conventions, what is refused, and labels made into targets."""
