#!/usr/bin/env bash
# Looks for what building needs and prints one line that installs what is missing.
# usage: check-tools.sh build|test
set -uo pipefail
. "$(dirname "$0")/node-fits.sh"

missing=()
steps=()
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo "

packages=()
if ! command -v cc >/dev/null; then
    missing+=("a C compiler")
    packages+=(build-essential)
fi
if [ "$1" = test ] && ! command -v git >/dev/null; then
    missing+=(git)
    packages+=(git)
fi

rust=$(cargo --version 2>/dev/null | cut -d' ' -f2)
oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$(dirname "$0")/../Cargo.toml" | head -n 1)
if [ -z "$rust" ]; then
    missing+=("Rust")
    command -v curl >/dev/null || packages+=(curl ca-certificates)
    steps+=("curl -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal -c clippy -c rustfmt && . \"\$HOME/.cargo/env\"")
elif [ "$(printf '%s\n%s\n' "$oldest" "$rust" | sort -V | head -n 1)" != "$oldest" ]; then
    missing+=("Rust $oldest or newer, this is $rust")
    steps+=("rustup update stable")
fi

if [ ${#packages[@]} -gt 0 ]; then
    steps=("${sudo}apt-get update && ${sudo}apt-get install -y ${packages[*]}" "${steps[@]}")
fi
if [ ${#missing[@]} -gt 0 ]; then
    printf -v list '%s; ' "${missing[@]}"
    printf -v line '%s && ' "${steps[@]}"
    echo "missing: ${list%; }. Install with:  ${line% && }" >&2
    exit 1
fi
if [ "$1" = build ] && ! node_fits; then
    echo "note: no Node >= 20.19 with npm, so the hub is built without its page (https://nodejs.org)" >&2
fi
exit 0
