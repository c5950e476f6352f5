#!/usr/bin/env bash
# Builds web/dist, which the binary embeds, when a source of the page is newer than it.
# Without a fit Node it leaves things as they are, unless told that the page is required.
# usage: build-page.sh [--required]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/node-fits.sh

[ -f web/package.json ] || exit 0
built=web/dist/index.html
newer=""
if [ -f "$built" ]; then
    newer=$(find web -path web/node_modules -prune -o -path web/dist -prune \
        -o -type f -newer "$built" -print -quit)
    [ -n "$newer" ] || exit 0
fi
if ! node_fits; then
    [ "${1:-}" = --required ] || exit 0
    echo "the page needs Node >= 20.19 with npm" >&2
    exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
cd web
echo "building the page" >&2
# The stamp file tells an unchanged node_modules from one that must be installed again.
stamp=node_modules/.uns-lock
if ! { cmp -s package-lock.json "$stamp" || {
    npm ci --no-audit --no-fund --loglevel=error && cp package-lock.json "$stamp"
}; } >"$log" 2>&1 || ! npm run --silent build >>"$log" 2>&1; then
    cat "$log" >&2
    echo "the page could not be built" >&2
    exit 1
fi
touch dist/index.html
