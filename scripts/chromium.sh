#!/bin/sh
# Print the path of a Chromium for the browser tests; install one from the distribution when root.
# Exit 1 with one sentence on stderr when there is none and none can be installed.
set -eu

find_chromium() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        if path=$(command -v "$name"); then
            printf '%s\n' "$path"
            return 0
        fi
    done
    return 1
}

refuse() {
    printf 'chromium.sh: %s\n' "$1" >&2
    exit 1
}

find_chromium && exit 0

[ "$(id -u)" = 0 ] || refuse "no Chromium on PATH; install the package chromium or google-chrome."
command -v apt-get >/dev/null || refuse "no Chromium on PATH and no apt-get to install one with."

# fonts-wqy-zenhei: without a Chinese font every page would be measured as boxes.
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -qq &&
    apt-get install -y -qq --no-install-recommends chromium fonts-wqy-zenhei; } >&2; then
    refuse "apt-get could not install the packages chromium and fonts-wqy-zenhei."
fi

find_chromium || refuse "the package chromium was installed but gives no program on PATH."
