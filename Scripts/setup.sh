#!/bin/bash
# Installs what is missing: Debian packages, and Python packages into .venv. Does nothing when all is there.
# ARGS: "run" for what the demo needs, "test" for the outside verifiers and the browser as well.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(libsqlite3-dev libmosquitto-dev libmodbus-dev mosquitto libqrencode-dev python3-venv make)
requirements=(Scripts/requirements-run.txt)
if [ "${1:-run}" = test ]; then
    packages+=(chromium zbar-tools nodejs etcd-server etcd-client faketime iproute2)
    requirements+=(Tests/Browser/requirements.txt Tests/Interop/requirements.txt Tests/Live/requirements.txt)
fi

command -v swift >/dev/null || { echo "Swift 6.3 is missing; install it from swift.org" >&2; exit 1; }

# A program that is there already, however it came, needs no package.
present() {
    case "$1" in
        nodejs) command -v node >/dev/null ;;
        python3-venv) python3 -c 'import venv, ensurepip' 2>/dev/null ;;
        make) command -v make >/dev/null ;;
        *) dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'install ok installed' ;;
    esac
}
missing=()
for package in "${packages[@]}"; do present "$package" || missing+=("$package"); done
if [ ${#missing[@]} -gt 0 ]; then
    echo "Installing ${missing[*]} …"
    sudo=(); [ "$(id -u)" = 0 ] || sudo=(sudo)
    "${sudo[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq "${missing[@]}" >/dev/null
fi

stamp=$(cat "${requirements[@]}" | sha256sum | cut -c1-16)
if [ ! -e ".venv/cairn-$stamp" ]; then
    echo "Installing Python packages into .venv …"
    [ -x .venv/bin/pip ] || python3 -m venv .venv
    for file in "${requirements[@]}"; do .venv/bin/pip install --quiet --disable-pip-version-check -r "$file"; done
    touch ".venv/cairn-$stamp"
fi
