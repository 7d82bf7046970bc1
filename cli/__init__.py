"""The command line: words for people, composition, exit codes."""
