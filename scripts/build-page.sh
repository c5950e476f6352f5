#!/usr/bin/env bash
# Builds web/dist, which the binary embeds, when a source of the page is newer than it.
# Without a fit Node it leaves things as they are, unless told that the page is required.
# usage: build-page.sh [--required]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/node-fits.sh

built=web/dist/index.html

# True when the page is there and nothing it is made of changed since.
current() {
    [ -f "$built" ] || return 1
    [ -z "$(find web \( -path web/node_modules -o -path web/dist -o -path web/test-results \) -prune \
        -o -type f -newer "$built" -print -quit)" ]
}

[ -f web/package.json ] || exit 0
if ! current; then
    if ! node_fits; then
        [ "${1:-}" = --required ] || exit 0
        echo "the page needs Node >= 20.19 with npm" >&2
        exit 1
    fi
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    echo "building the page" >&2
    if ! (scripts/page-modules.sh && cd web && npm run --silent build) >"$log" 2>&1; then
        cat "$log" >&2
        echo "the page could not be built" >&2
        exit 1
    fi
    touch "$built"
fi
# Cargo does not watch a folder that was empty when it last compiled the file that embeds it.
if [ "$built" -nt src/page.rs ]; then
    touch src/page.rs
fi
