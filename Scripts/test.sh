#!/bin/bash
# Runs every test: Swift, the verifiers of others against a running node, the browser, and crashes.
set -euo pipefail
cd "$(dirname "$0")/.."
passed=0; failed=0
section() { printf '\n== %s\n' "$1"; }
step() {
    local name=$1; shift
    section "$name"
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: $name"; fi
}

step "Format" swift format lint --strict --recursive Sources UseCases Tests Benchmarks Package.swift
section "Build"
swift build -c release --build-tests --explicit-target-dependency-import-check error

# A consortium for the tests from outside, on free ports, in a folder of its own.
folder=$(mktemp -d)
node_pid=
cleanup() {
    if [ -n "$node_pid" ]; then kill "$node_pid" 2>/dev/null || true; wait "$node_pid" 2>/dev/null || true; fi
    rm -rf "$folder"
}
trap cleanup EXIT
start_node() {
    .build/release/cairn demo --folder "$folder/demo" --port 0 >"$folder/demo.out" 2>"$folder/demo.err" </dev/null &
    node_pid=$!
    for _ in $(seq 1 6000); do
        grep -q '^Everything is up' "$folder/demo.out" && break
        kill -0 "$node_pid" 2>/dev/null || { cat "$folder/demo.err"; return 1; }
        sleep 0.1
    done
    CAIRN_URL=$(sed -n 's/^Portal  *\(http[^ ]*\)\/$/\1/p' "$folder/demo.out" | head -1)
    export CAIRN_URL CAIRN_DEMO_OUTPUT="$folder/demo.out" CAIRN_FOLDER="$folder/demo/agricultural-tracing"
    [ -n "$CAIRN_URL" ]
}

step "Swift tests" swift test -c release --skip-build
step "Consortia of all use cases start and run their scenarios" start_node
bundles() { .venv/bin/python Tests/Interop/make_bundles.py "$folder/bundles"; }
step "Bundles for the browser's verifier" bundles
step "The browser's verifier on them" node Tests/Interop/verify_js_test.mjs "$folder/bundles"
step "The browser's verifier on outside vectors" node Tests/Interop/outside_vectors_test.mjs
step "Verifiers of others against the running node" .venv/bin/python Tests/Interop/run.py
step "Telegrams of meters, by dsmr-parser" .venv/bin/python Tests/Interop/telegrams.py
step "The served OpenAPI document, by schemathesis" .venv/bin/python Tests/Interop/openapi.py
step "The EPCIS interface, by GS1's own document" .venv/bin/python Tests/Interop/epcis.py
step "The portal in a browser" .venv/bin/python Tests/Browser/run.py
step "The pages of fish farming in a browser" .venv/bin/python Tests/Browser/fish_pages.py
step "The pages of chattel mortgage in a browser" .venv/bin/python Tests/Browser/chattel_pages.py
step "The pages of automated parking in a browser" .venv/bin/python Tests/Browser/parking_pages.py
step "Live: processes, faults and drills" .venv/bin/python Tests/Live/run.py

printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
