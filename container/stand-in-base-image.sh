#!/usr/bin/env bash
# Makes a stand-in for the public Python base image where no image registry can be reached
# (continuous integration behind a proxy, a laptop offline but for a Debian mirror).
# The result is a minimal Debian bookworm with python3, venv and CA certificates, as slim as the
# public one: no manuals, documents (but licences) and translations.
#
# Usage: stand-in-base-image.sh IMAGE_NAME [CACHE_FOLDER]
#   IMAGE_NAME    the name to give the image, e.g. localhost/python-base:bookworm-slim
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
packages=python3,python3-venv,ca-certificates
archive=$cache/python-base-bookworm-slim.tar

# slim_down ROOT: takes out what Debian's own slim images leave out, and keeps it out, and apt's
# caches, of whatever is installed later.
slim_down() {
    local folder share=$1/usr/share clean=/var/cache/apt
    for folder in doc groff info linda lintian locale man; do
        echo "path-exclude /usr/share/$folder/*"
        [[ ! -d $share/$folder ]] || find "$share/$folder" ! -type d ! -path '*/doc/*/copyright' -delete
    done >"$1/etc/dpkg/dpkg.cfg.d/slim"
    echo 'path-include /usr/share/doc/*/copyright' >>"$1/etc/dpkg/dpkg.cfg.d/slim"
    find "$share"/{doc,locale,man} -mindepth 1 -type d -empty -delete
    cat >"$1/etc/apt/apt.conf.d/slim" <<CONF
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
DPkg::Post-Invoke { "rm -f $clean/archives/*.deb $clean/archives/partial/*.deb $clean/*.bin || true"; };
CONF
    rm -rf "$1"/$clean/*.bin "$1"/$clean/archives/*.deb "$1"/var/lib/apt/lists/*
    find "$1/var/log" -type f -delete
}

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
    slim_down "$work/root"
    # Written under another name first: an interrupted run leaves no half archive behind.
    tar -C "$work/root" -cf "$archive.partial" .
    mv "$archive.partial" "$archive"
fi
"$engine" import "$archive" "$image" >/dev/null || fail "$engine import failed" \
    "its message is above" "delete $archive if it is damaged and run this again"
echo "Made $image."
