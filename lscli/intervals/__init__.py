"""How certain the numbers are: bootstrap, Wilson and normal intervals."""
