"""The command line: words for people, composition, exit codes. Each command is a file, loaded when it is called."""
