# Sourced: node_fits succeeds when node is at least 20.19 and npm is there.
node_fits() {
    local version major minor
    command -v npm >/dev/null || return 1
    version=$(node --version 2>/dev/null) || return 1
    IFS=. read -r major minor _ <<<"${version#v}"
    [ "$major" -gt 20 ] || { [ "$major" -eq 20 ] && [ "$minor" -ge 19 ]; }
}
