"""The command line: exit codes, files, options."""
