"""The dispatcher's brain against a world of disasters, in virtual time and from a seed."""
