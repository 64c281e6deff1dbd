"""One module a format; each is a pure function from a report to text."""
