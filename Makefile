# The two commands are `make run` and `make test`; everything they do is in `cargo ci`.
export CARGO_TARGET_DIR ?= $(or $(MEGHOS_CACHE),$(HOME)/.cache/meghos)/target
export PATH := $(HOME)/.cargo/bin:$(PATH)

.PHONY: run image test quick workshop
run image test quick: workshop
	@cargo ci $@

# Rust and a linker, for `cargo ci` itself, and the packages of ci/packages.txt.
workshop:
	@ci/bootstrap.sh
	@cargo ci setup
