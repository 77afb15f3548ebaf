#!/bin/sh
# Gets what `cargo ci` needs to be compiled: a linker and Rust. The rest of the
# workshop's packages are in packages.txt and are installed by `cargo ci setup`.
set -e

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_packages() {
    echo "Installing $*"
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

command -v apt-get >/dev/null || {
    echo "This workshop is made for Debian 12 and 13; there is no apt-get here." >&2
    exit 1
}
command -v cc >/dev/null || install_packages gcc libc6-dev make ca-certificates

wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$(dirname "$0")/../Cargo.toml")
have=$(cargo --version 2>/dev/null | cut -d' ' -f2)
if [ -n "$have" ] && [ "$(printf '%s\n%s\n' "$wanted" "$have" | sort -V | head -n1)" = "$wanted" ]; then
    exit 0
fi

echo "Rust $wanted or newer is needed; found: ${have:-none}."
if ! command -v rustup >/dev/null; then
    if apt-cache policy rustup | grep -q 'Candidate: [0-9]'; then
        install_packages rustup
    else
        command -v curl >/dev/null || install_packages curl ca-certificates
        echo "Installing rustup into ~/.cargo, as its makers offer it at https://rustup.rs"
        installer=$(mktemp -d)
        trap 'rm -rf "$installer"' EXIT
        from=${RUSTUP_UPDATE_ROOT:-https://static.rust-lang.org/rustup}/dist/x86_64-unknown-linux-gnu
        curl --proto '=https' --tlsv1.2 -sSf --output-dir "$installer" \
            -O "$from/rustup-init" -O "$from/rustup-init.sha256"
        echo "$(cut -c1-64 "$installer/rustup-init.sha256")  $installer/rustup-init" |
            sha256sum --check --quiet -
        chmod +x "$installer/rustup-init"
        "$installer/rustup-init" -y --no-modify-path --profile minimal --default-toolchain none
        PATH="$HOME/.cargo/bin:$PATH"
    fi
fi
rustup toolchain install "$wanted" --profile minimal --component clippy --component rustfmt
# Somebody's own default stays theirs.
if [ -z "$have" ]; then rustup default "$wanted"; else rustup override set "$wanted"; fi
