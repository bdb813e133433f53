"""How certain the numbers are."""
