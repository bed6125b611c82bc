# Two commands: `make report` and `make test`. Each makes its own environment first.
PYTHON ?= python3
RUN := .venv/bin/python
STAMP := .venv/.installed
AS_ROOT = $(shell [ "$$(id -u)" = 0 ] && echo --allow-root)
TORCH = $(shell sed -n 's/^torch==/torch==/p' constraints.txt)

.PHONY: report test lab setup bench
.DEFAULT_GOAL := report

report: setup
	$(RUN) -m kosent_lab.cli report $(ARGS)

test: setup
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m pytest $(ARGS)

lab: setup
	$(RUN) -m jupyterlab --ServerApp.ip=127.0.0.1 --ServerApp.root_dir=notebooks $(AS_ROOT) $(ARGS)

bench: setup
	$(RUN) -m kosent_lab.cli bench $(ARGS)

setup: $(STAMP)

# torch goes first and alone: any other order lets pip choose a build of several gigabytes
$(STAMP): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "kosent-lab needs Python 3.11 or later; this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12")'
	@echo "Making the environment in .venv (a few minutes, once)"
	@$(PYTHON) -m venv .venv
	@$(RUN) -m pip install --quiet --disable-pip-version-check "$(TORCH)"
	@$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	@touch $(STAMP)
