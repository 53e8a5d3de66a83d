#!/usr/bin/env bash
# Builds the baseline image by the very function that builds the model image.
#
# Usage: build.sh IMAGE
# Environment: BASE_IMAGE, CONTAINER_ENGINE and CA_BUNDLE, as container/build-and-push.sh has them
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
container=$here/../../container
# shellcheck source=container/engine.sh
source "$container/engine.sh"

# What build.sh of the model image uses of its caller.
room=$here # what the image is made of
image=$1
commit=$(git -C "$here" rev-parse HEAD)
base=${BASE_IMAGE:-$(sed -n 's/^ARG BASE_IMAGE=//p' "$here/Dockerfile")}
platform=${PLATFORM:-linux/amd64}
engine=$(find_engine)
kind=$(engine_kind "$engine")
cache=""
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=container/build.sh
source "$container/build.sh"
build
