#!/usr/bin/env bash
# Makes a stand-in for the public Python base image where no image registry can be reached
# (continuous integration behind a proxy, a laptop offline but for a Debian mirror).
# The result is a minimal Debian bookworm with python3, venv, pip and CA certificates.
#
# Usage: stand-in-base-image.sh IMAGE_NAME [CACHE_FOLDER]
#   IMAGE_NAME    the name to give the image, e.g. localhost/python-base:bookworm
#   CACHE_FOLDER  where the root file system is kept as a tar (default: .local/cache at the
#                 top of the repository); delete it to get newer packages
# Environment:
#   CONTAINER_ENGINE  docker or podman (default: whichever answers, docker first)
#   DEBIAN_MIRROR     where the packages come from (default: debootstrap's own)
# Needs root and debootstrap, only while the cache is empty.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=container/engine.sh
source "$here/engine.sh"

case "${1:-}" in
    "" | -h | --help)
        sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
        [[ -n "${1:-}" ]] && exit 0 || exit 2
        ;;
esac
image=$1
cache=${2:-$here/../.local/cache}
packages=python3,python3-venv,python3-pip,ca-certificates
archive=$cache/python-base-bookworm.tar

engine=$(find_engine)
mkdir -p "$cache"
if [[ ! -s $archive ]]; then
    command -v debootstrap >/dev/null || fail "debootstrap is not installed" \
        "it makes the Debian root file system" "install it: apt-get install debootstrap"
    [[ $(id -u) -eq 0 ]] || fail "not running as root" \
        "debootstrap changes its root and owners of files" "run this script with sudo"
    # Whoever comes while another makes it waits, and finds it made.
    exec 9>"$archive.lock"
    flock 9
fi
if [[ ! -s $archive ]]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    echo "Making a Debian bookworm with $packages; this takes a few minutes."
    debootstrap --variant=minbase --include="$packages" bookworm "$work/root" \
        ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$work/log" 2>&1 || {
        tail -n 20 "$work/log" >&2
        fail "debootstrap failed" "its last lines are above" \
            "check that the mirror can be reached, or set DEBIAN_MIRROR to another"
    }
    rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/*
    # Written under another name first: an interrupted run leaves no half archive behind.
    tar -C "$work/root" -cf "$archive.partial" .
    mv "$archive.partial" "$archive"
fi
"$engine" import "$archive" "$image" >/dev/null || fail "$engine import failed" \
    "its message is above" "delete $archive if it is damaged and run this again"
echo "Made $image."
