# Two commands: `make demo` and `make test`. Both install what is missing and say what they do.

ARGS ?=
BUILD = swift build -c release --explicit-target-dependency-import-check error

.PHONY: demo test setup build openapi bench lint

demo: setup
	@echo "Building (the first time takes some minutes) …"
	@$(BUILD) --product cairn
	@exec .build/release/cairn demo $(ARGS)

test:
	@Scripts/setup.sh test
	@Scripts/test.sh

setup:
	@Scripts/setup.sh run

build: setup
	@$(BUILD)

# Writes the committed OpenAPI document anew from the route table.
openapi: build
	@for name in $$(.build/release/cairn scenario); do \
		.build/release/cairn config openapi --use-case $$name > docs/reference/openapi/$$name.json; done

bench: build
	@.build/release/cairn bench transfers
	@.build/release/cairn bench readings
	@cd Benchmarks && swift run -c release
