# Shared by the scripts in this folder: source it, do not run it.
# shellcheck shell=bash

# fail WHAT WHY NEXT: says so and ends the script.
fail() {
    printf 'Error: %s.\n  Why: %s.\n  Do: %s.\n' "$1" "$2" "$3" >&2
    exit 1
}

# find_engine: prints the container engine to use, docker before podman.
find_engine() {
    local engine
    if [[ -n "${CONTAINER_ENGINE:-}" ]]; then
        "$CONTAINER_ENGINE" info >/dev/null 2>&1 || fail \
            "the container engine '$CONTAINER_ENGINE' does not answer" \
            "'$CONTAINER_ENGINE info' failed" \
            "start it, or unset CONTAINER_ENGINE to let the script look for one"
        echo "$CONTAINER_ENGINE"
        return
    fi
    for engine in docker podman; do
        if command -v "$engine" >/dev/null && "$engine" info >/dev/null 2>&1; then
            echo "$engine"
            return
        fi
    done
    fail "no container engine answers" "neither 'docker info' nor 'podman info' works here" \
        "install or start Docker or Podman"
}

# engine_kind ENGINE: prints podman (also where it goes by the name of docker), buildx for a docker
# that builds with BuildKit, docker for one that does not.
engine_kind() {
    if [[ $(basename "$1") == podman || $("$1" --version 2>/dev/null) == podman* ]]; then
        echo podman
    elif "$1" buildx version >/dev/null 2>&1; then
        echo buildx
    else
        echo docker
    fi
}
