#!/usr/bin/env bash
# What cargo-deny says of licences, bans and sources, for the crates of this platform: those of
# others need not be downloaded, so this works without a network.
set -euo pipefail
cd "$(dirname "$0")/.."
metadata=$(mktemp)
trap 'rm -f "$metadata"' EXIT
host=$(rustc -vV | sed -n 's/^host: //p')
cargo metadata --format-version 1 --filter-platform "$host" >"$metadata"
cargo deny --log-level off --offline --metadata-path "$metadata" check licenses bans sources
