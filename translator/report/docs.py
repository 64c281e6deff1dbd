"""``python -m translator.report.docs [--check]``: writes or checks the generated pages."""

from __future__ import annotations

import sys

from translator.cli.docs import main

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
