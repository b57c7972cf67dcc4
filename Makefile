# `make test` sets up what the tests need, as far as it may, and runs all of them.
# What could not be set up is said here; the tests that need it skip with a message and are counted at the end.

SHELL = /bin/bash
GUNICORN ?= 23.0.0
# Asked what they make of command lines and configuration files; each lies in a folder of its own. 20.1 needs pkg_resources.
GUNICORNS ?= 20.1.0 21.2.0 22.0.0 23.0.0 25.3.0 27.0.1
SUPPORT = 'setuptools<80' packaging

.PHONY: test setup nginx venv gunicorns launchers

test: setup
	@cargo test --no-fail-fast -- --nocapture > target/test.log 2>&1; status=$$?; \
	grep -E '^(test |test result|failures|skipped: |    Running)|panicked' target/test.log | grep -vE '^test .* \.\.\. ok$$' || true; \
	if [ $$status -ne 0 ]; then tail -n 200 target/test.log; fi; \
	count() { grep -cE "$$1" target/test.log || true; }; \
	echo "$$(count '\.\.\. ok$$') passed, $$(count '\.\.\. FAILED$$') failed, $$(count '^skipped: ') skipped"; \
	exit $$status

setup: nginx gunicorns launchers
	@mkdir -p target

nginx:
	@command -v nginx >/dev/null || PATH="$$PATH:/usr/sbin" command -v nginx >/dev/null || \
	{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq nginx >/dev/null; } || \
	echo "setup: nginx is not installed and could not be; tests against it are skipped"

venv:
	@mkdir -p target
	@[ -x target/venv/bin/gunicorn ] || \
	{ python3 -m venv target/venv && target/venv/bin/pip install --quiet gunicorn==$(GUNICORN); } || \
	echo "setup: gunicorn could not be installed into target/venv; tests against it are skipped"
	@target/venv/bin/python -c 'import yaml' 2>/dev/null || target/venv/bin/pip install --quiet pyyaml || \
	echo "setup: PyYAML could not be installed into target/venv; tests against it are skipped"
	@target/venv/bin/python -c 'import kubernetes' 2>/dev/null || target/venv/bin/pip install --quiet kubernetes || \
	echo "setup: the Kubernetes client could not be installed into target/venv; tests against it are skipped"

# Asked what they make of configurations; nothing is started.
launchers: venv
	@target/venv/bin/python -c 'import supervisor, honcho' 2>/dev/null || \
	target/venv/bin/pip install --quiet supervisor==4.3.0 honcho==2.0.0 || \
	echo "setup: supervisor and honcho could not be installed into target/venv; tests against them are skipped"

# Installed beside its place and then moved, so that what is there is whole.
gunicorns: venv
	@install() { [ -d "target/gunicorn/$$1" ] || \
		{ rm -rf target/gunicorn/.new && target/venv/bin/pip install --quiet --no-deps --target target/gunicorn/.new "$${@:2}" && \
		mv target/gunicorn/.new "target/gunicorn/$$1"; } || \
		echo "setup: $$1 could not be installed into target/gunicorn; tests against it are skipped"; }; \
	install support $(SUPPORT); for version in $(GUNICORNS); do install $$version gunicorn==$$version; done
