"""The command line: one module a command, a page of plain calls each; what they share is in screen, options, files."""
