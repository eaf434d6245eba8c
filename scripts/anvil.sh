#!/bin/sh
# Print the path of anvil, the Ethereum node that the embedded chain is compared with; install it
# from npm into .tools/anvil on first use. Exit 1 with one sentence on stderr when it cannot be had.
set -eu

version=1.7.1
sha512=f979928726c46b17c2aebd0e514670604cb63a7619b79a471fd4f306d2efdfe56b2b43bf00db8d49511a86a3612879605fb191279f77f37a1f361c644562184e

refuse() {
    printf 'anvil.sh: %s\n' "$1" >&2
    exit 1
}

tools=$(cd "$(dirname "$0")/.." && pwd)/.tools
home=$tools/anvil-$version
anvil=$home/package/bin/anvil

if [ ! -x "$anvil" ]; then
    [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] ||
        refuse "only the package for Linux on x86-64 is pinned, this is $(uname -s) on $(uname -m)."
    command -v npm >/dev/null || refuse "npm is needed to install anvil, and it is not on PATH."
    mkdir -p "$tools"
    draft=$(mktemp -d "$tools/anvil.XXXXXX")
    trap 'rm -rf "$draft"' EXIT
    npm pack --silent --pack-destination "$draft" "@foundry-rs/anvil-linux-amd64@$version" \
        >/dev/null 2>&1 || refuse "npm could not fetch @foundry-rs/anvil-linux-amd64@$version."
    printf '%s  %s\n' "$sha512" "$draft"/*.tgz | sha512sum --check --status ||
        refuse "the package of anvil $version does not have the pinned SHA-512."
    tar -xzf "$draft"/*.tgz -C "$draft"
    rm "$draft"/*.tgz
    # The finished directory appears at once, so that an interrupted run leaves nothing usable.
    mv -T "$draft" "$home" 2>/dev/null || [ -x "$anvil" ] ||
        refuse "$home is in the way of the installation."
fi

printf '%s\n' "$anvil"
