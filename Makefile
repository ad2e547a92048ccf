# The project's verbs. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8080
DATA ?= .tearoff
ROUNDS ?= 20

.DEFAULT_GOAL := help
.PHONY: help demo serve test test-tools steady check format soak bench words pictures docs lock audit clean

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Tearoff needs Python 3.11 or newer; this is $$($(PYTHON) -V)."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv is missing (Debian: python3-venv)."; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check uv

$(VENV)/run-installed: requirements/run.txt pyproject.toml | $(BIN)/uv
	@echo "Installing Tearoff into $(VENV) …"
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/run.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@

$(VENV)/dev-installed: requirements/dev.txt $(VENV)/run-installed
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(VENV)/run-installed ## install, start with a demo shop, send a first coupon
	@exec $(BIN)/tearoff demo --data $(DATA) --port $(PORT)

serve: $(VENV)/run-installed ## run the server on the embedded PostgreSQL
	@exec $(BIN)/tearoff serve --data $(DATA) --port $(PORT)

test: $(VENV)/dev-installed test-tools ## the whole suite
	@$(BIN)/pytest -n 5 -m "not soak"

test-tools:
	@sh tests/install-tools

steady: $(VENV)/dev-installed test-tools ## TESTS=… twenty times (ROUNDS=20), all cores kept busy
	@$(BIN)/python -m tests.steady $(ROUNDS) $(TESTS)

check: $(VENV)/dev-installed ## format, lint, types, direction of imports, dependencies
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet . && $(BIN)/mypy && \
	  PYTHONPATH=src $(BIN)/lint-imports --no-cache && $(BIN)/deptry src

format: $(VENV)/dev-installed ## format the code
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --quiet --fix .

soak: $(VENV)/dev-installed test-tools ## volumes, odd inputs by the hundred, kill loops of ten rounds
	@TEAROFF_ROUNDS=10 $(BIN)/pytest -m "soak or kill" -p no:randomly --timeout 3000
	@TEAROFF_EXAMPLES=200 $(BIN)/pytest tests/api/test_schemathesis.py -p no:randomly

bench: $(VENV)/dev-installed test-tools ## timings beside floors (5 minutes; VOLUMES=1 or AGAINST=<commit>: 15)
	@$(BIN)/python -m bench $(if $(AGAINST),--against $(AGAINST)) $(if $(VOLUMES),--volumes)
	@$(if $(AGAINST),:,$(BIN)/python bench/smpp_link.py)

LOCALE ?= src/tearoff/locale
EXTRACT := $(BIN)/pybabel --quiet extract -F pyproject.toml -k words -k phrase -k plural_forms:1,2 \
  --add-location file --sort-by-file --width 100 --project Tearoff --copyright-holder Tearoff
WEB := src/tearoff/web

words: $(VENV)/run-installed ## bring the catalogs of translators up to date with the code
	@mkdir -p .cache/words
	@$(EXTRACT) -o .cache/words/coupon.pot $(WEB)/coupon $(WEB)/save $(WEB)/paper src/tearoff/distribution
	@$(EXTRACT) -o .cache/words/till.pot $(WEB)/till
	@$(EXTRACT) -o .cache/words/people.pot $(WEB)/people src/tearoff/accounts
	@$(EXTRACT) -o .cache/words/dashboard.pot $(WEB)/dashboard src/tearoff/providers src/tearoff/coupons/campaigns src/tearoff/alerts src/tearoff/hooks
	@for domain in coupon till people dashboard; do \
	  $(BIN)/pybabel --quiet update -D $$domain -i .cache/words/$$domain.pot -d $(LOCALE) \
	    --width 100 --ignore-pot-creation-date --ignore-obsolete --previous || exit 1; \
	done

pictures: $(VENV)/dev-installed test-tools ## take the pictures of the documentation anew
	@$(BIN)/pytest -n 2 --dist loadfile -q -p no:randomly tests/web/pictures.py tests/web/dashboard/pictures.py

docs: $(VENV)/dev-installed ## build the documentation into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

lock: | $(BIN)/uv ## renew the hashed requirements
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --python-version 3.11 --upgrade \
	  pyproject.toml -o requirements/run.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --python-version 3.11 --upgrade \
	  --group dev pyproject.toml -c requirements/run.txt -o requirements/dev.txt

audit: $(VENV)/dev-installed ## known faults in the pinned packages (asks OSV; needs the network)
	@bash tests/audit

clean: ## remove what was built; data stays
	rm -rf $(VENV) site .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
