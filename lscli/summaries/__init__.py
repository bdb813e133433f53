"""Numbers of a report as plain sentences."""
