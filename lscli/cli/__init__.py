"""The command line: one file a command. No arithmetic here."""
