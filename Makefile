# Every verb there is. `make` alone prints them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# From whatever folder it is called (make -f, make -C), everything happens in the checkout. Asked of
# the shell, since make itself takes a path with a space in it for two.
HERE := $(shell cd "$$(dirname "$(strip $(MAKEFILE_LIST))")" && pwd)
BIN := .talon/venv/bin
IN := cd "$(HERE)" &&
PYTHON := $(IN) $(BIN)/python
STACK ?= local

# Which parts (postgres,kafka,sink,slots,booking,notify,edge,prometheus), and how many processes of a service.
ONLY ?=
SCALE ?=
# What is only installed for one verb.
ALSO :=
PARTS = $(if $(ONLY),--only=$(ONLY)) $(if $(SCALE),--scale=$(SCALE))

export STACK SABOTAGE KEEP

.PHONY: help setup up down status logs reset demo test bench drill waiting faults check lock token pairs messages

help: ## print this list
	@echo "make VERB [STACK=local|demo|test|bench] [ARGS=...]"
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  \1\t\2/p' "$(HERE)/Makefile" | expand -t 12

setup: ## install what is missing: Debian packages, Python packages, Kafka
	@bash "$(HERE)/deploy/local/setup.sh" $(ALSO)

up: setup ## start the stack and wait until it is ready [ONLY=postgres,kafka] [SCALE=2|slots=2,booking=3]; up already: only SCALE changes
	@$(PYTHON) -m deploy.local up $(PARTS)

down: setup ## stop the stack; its data stay
	@$(PYTHON) -m deploy.local down

status: setup ## each part: process, ports, since when, restarts
	@$(PYTHON) -m deploy.local status

logs: setup ## the last lines of each part's log [PART=slots] [ARGS=--follow]
	@$(PYTHON) -m deploy.local logs $(PART) $(ARGS)

reset: setup ## stop the stack and delete its data
	@$(PYTHON) -m deploy.local reset

demo: STACK := $(if $(filter file,$(origin STACK)),demo,$(STACK))
demo: setup ## a city, a rush, an audit, from nothing to nothing [SABOTAGE=1] [KEEP=1]
	@$(PYTHON) -m talon demo $(ARGS)

test: STACK := $(if $(filter file,$(origin STACK)),test,$(STACK))
test: ALSO := chromium peers postfix wrk
test: setup ## every test, on stacks of its own, in two lanes; with ARGS in one [ARGS="-k rules"]
	@$(PYTHON) -m tests $(ARGS)

bench: STACK := $(if $(filter file,$(origin STACK)),bench,$(STACK))
bench: ALSO := wrk postfix
bench: setup ## how fast, beside a row-lock peer, and every bar, on stacks of its own [ARGS="--short|--quick --only peers,pairs,…"] [KEEP=1]
	@$(PYTHON) -m bench.rush --stack $(STACK) $(ARGS)

drill: STACK := $(if $(filter file,$(origin STACK)),bench,$(STACK))
drill: setup ## a published morning, scaled to this machine, with a report [NAME=doctolib|116117|prepmod|korea] [ARGS=--quick] [KEEP=1]
	@$(PYTHON) -m bench.drills $(or $(NAME),doctolib) --stack $(STACK) $(ARGS)

waiting: STACK := $(if $(filter file,$(origin STACK)),bench,$(STACK))
waiting: setup ## a campaign's waiting room: 100,000 people, a draw, bots [ARGS=--short] [KEEP=1]
	@$(PYTHON) -m bench.waiting --stack $(STACK) $(ARGS)

faults: ALSO := faketime
faults: setup ## kill, freeze and cut off everything, and check what people were told [ARGS="--seeds 7"]
	@$(PYTHON) -m tests.faults $(ARGS)

pairs: setup ## 2,000 people want 300 pairs of doses while parts are killed [ARGS="--profile short"]
	@$(PYTHON) -m tests.pairs $(ARGS)

messages: setup ## 5,000 people are told something while the provider misbehaves and the messenger is killed [ARGS="--profile short"]
	@$(PYTHON) -m tests.messages $(ARGS)

check: setup ## the gate: lint, format, types, import contracts, tidiness
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@$(IN) $(BIN)/lint-imports
	@$(PYTHON) -m pytest tests/tidy

lock: setup ## pin every Python package by version and hash in requirements.lock
	@$(PYTHON) -m piptools compile --generate-hashes --extra dev --allow-unsafe \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header \
		--strip-extras --quiet --output-file requirements.lock pyproject.toml

token: setup ## print a bearer token [ARGS="--role operator"]
	@$(PYTHON) -m talon token $(ARGS)
