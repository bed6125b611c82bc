# Two commands: `make report` and `make test`. Each makes its own environment first.
PYTHON ?= python3
RUN := .venv/bin/python
# processes that tests run in, each of which takes up to two gigabytes
WORKERS ?= 2
STAMP := .venv/.installed
AS_ROOT = $(if $(ALLOW_ROOT),--allow-root)
TORCH = $(shell sed -n 's/^torch==/torch==/p' constraints.txt)

.PHONY: report test lab notebooks setup bench browser hostile
.DEFAULT_GOAL := report

report: setup
	$(RUN) -m kosent_lab report $(ARGS)

test: setup browser
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	OMP_NUM_THREADS=1 $(RUN) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

# a page in the browser may run anything as whoever started the server: as root only where that is asked for
lab: setup
	@[ "$$(id -u)" != 0 ] || [ -n "$(ALLOW_ROOT)" ] || { echo "JupyterLab would run as root. Start it as another user, or, if you mean it: make lab ALLOW_ROOT=1"; exit 1; }
	$(RUN) -m jupyterlab --ServerApp.ip=127.0.0.1 --ServerApp.root_dir=notebooks $(AS_ROOT) $(ARGS)

# runs every notebook and writes its outputs, after checking what may be committed
notebooks: setup
	$(RUN) -m kosent_lab notebooks $(ARGS)

# the tests in a real browser skip, and say why, where it cannot be brought
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& echo "Installing Chromium for the browser tests" \
		&& apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-nanum >/dev/null; } \
		|| echo "No Chromium, and this is not Debian as root: the browser tests will skip"

# tables, model folders and kills until the minutes are over: make hostile MINUTES=60
hostile: setup
	KOSENT_HOSTILE_MINUTES=$(or $(MINUTES),20) $(RUN) -m pytest tests/hostile --timeout=0 $(ARGS)

bench: setup
	$(RUN) -m kosent_lab bench $(ARGS)

setup: $(STAMP)

# torch goes first and alone: any other order lets pip choose a build of several gigabytes
$(STAMP): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "kosent-lab needs Python 3.11, 3.12 or 3.13; this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12")'
	@echo "Making the environment in .venv (a few minutes, once)"
	@$(PYTHON) -m venv .venv
	@$(RUN) -m pip install --quiet --disable-pip-version-check "$(TORCH)"
	@$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	@touch $(STAMP)
