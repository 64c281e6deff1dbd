"""The command line: the only room that writes, asks or prints."""
