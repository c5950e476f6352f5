#!/usr/bin/env bash
# Installs what the page is built with, unless exactly that is installed already.
set -euo pipefail
cd "$(dirname "$0")/../web"
stamp=node_modules/.installed-lock
cmp -s package-lock.json "$stamp" && exit 0
npm ci --no-audit --no-fund --loglevel=error
mkdir -p node_modules
cp package-lock.json "$stamp"
