"""``python -m translator.report.docs [--check]``: writes or checks the generated pages."""

from __future__ import annotations

import sys
from importlib import import_module

if __name__ == "__main__":
    # Only the command line writes and knows the tables of the exporters; the report does not
    # depend on it, so this is an entry and no import.
    raise SystemExit(import_module("translator.cli.docs").main(sys.argv[1:]))
