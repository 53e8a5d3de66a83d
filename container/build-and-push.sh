#!/usr/bin/env bash
# Builds the model image of one commit, pushes it, and writes what the release workflow starts with.
# The pipeline and a person run this same script.
#
# Usage: build-and-push.sh [--local] [OPTION VALUE]...
#   each option can be given in the environment instead, by the name in brackets
#   --repository-uri  [REPOSITORY_URI]    where to push, without tag (--local: localhost/model)
#   --commit-id       [COMMIT_ID]         full commit hash (--local: of the checked-out commit)
#   --base-image      [BASE_IMAGE]        image with python3 3.11 to 3.13 and venv (default: Dockerfile)
#   --engine          [CONTAINER_ENGINE]  docker or podman (default: whichever answers, docker first)
#   --ca-bundle       [CA_BUNDLE]         certificates for pip behind a proxy that re-signs TLS
#   --cache-from      [CACHE_FROM]        image to take layers from (default: the newest in ECR)
#   --push-options    [PUSH_OPTIONS]      options for push and pull, e.g. --tls-verify=false
#   --source-url      [SOURCE_URL]        where the source lives, for the image's label
#   --platform        [PLATFORM]          what the image runs on (default: linux/amd64)
#   --pipeline-execution [PIPELINE_EXECUTION_ID]  the pipeline's execution, for the release workflow
#   --committer       [COMMITTER]         e-mail of the commit's author, for the release workflow
#   --output          [OUTPUT]            file to write (default: release-input.json)
#   --local                               only build and tag: no log-in, no push
#   --help                                this text
#
# The tag is the first 8 characters of the commit. Tags in the repository are immutable, so an
# image that is there already is handed over as it is: same commit, same image. For the same
# reason the image is checked: SageMaker takes Docker's manifest only, not OCI's.
# Writes {"commitID": "<tag>", "imageUri": "<repository>@<digest>"}, with a "committer" if one is
# given. COMMIT_TAG=, IMAGE_URI= and IMAGE_DIGEST= are printed, and written as image.env beside it,
# for a shell to read. (--local: the image has no digest yet and is named by its tag.)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=container/engine.sh
source "$here/engine.sh"

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; }

local_only=false
while (($#)); do
    case $1 in
        --local) local_only=true && shift && continue ;;
        -h | --help) usage && exit 0 ;;
    esac
    (($# >= 2)) || fail "the option $1 has no value or is unknown" \
        "every option but --local and --help takes one" "see $0 --help"
    case $1 in
        --repository-uri) REPOSITORY_URI=$2 ;;
        --commit-id) COMMIT_ID=$2 ;;
        --base-image) BASE_IMAGE=$2 ;;
        --engine) CONTAINER_ENGINE=$2 ;;
        --ca-bundle) CA_BUNDLE=$2 ;;
        --cache-from) CACHE_FROM=$2 ;;
        --push-options) PUSH_OPTIONS=$2 ;;
        --source-url) SOURCE_URL=$2 ;;
        --platform) PLATFORM=$2 ;;
        --committer) COMMITTER=$2 ;;
        --pipeline-execution) PIPELINE_EXECUTION_ID=$2 ;;
        --output) OUTPUT=$2 ;;
        *) fail "the option $1 is unknown" "this script has no such option" "see $0 --help" ;;
    esac
    shift 2
done

if $local_only; then
    REPOSITORY_URI=${REPOSITORY_URI:-localhost/model}
    COMMIT_ID=${COMMIT_ID:-$(git -C "$here" rev-parse HEAD 2>/dev/null || true)}
fi
repository=${REPOSITORY_URI:-}
commit=${COMMIT_ID:-}
output=${OUTPUT:-release-input.json}
read -r -a push_options <<<"${PUSH_OPTIONS:-}"

[[ -n $repository ]] || fail "REPOSITORY_URI is not set" \
    "the image needs a repository to go to" "set it, or use --local; see $0 --help"
[[ $commit =~ ^[0-9a-f]{40}([0-9a-f]{24})?$ ]] || fail "COMMIT_ID is '$commit'" \
    "the tag is made from a full commit hash in lower case" "set it to the output of: git rev-parse HEAD"
[[ ${PLATFORM:-linux/amd64} =~ ^linux/[a-z0-9]+(/[a-z0-9]+)?$ ]] || fail "PLATFORM is '$PLATFORM'" \
    "it names one system and architecture" "set it to linux/amd64 or linux/arm64, or unset it"
[[ -z ${CA_BUNDLE:-} || -r $CA_BUNDLE ]] || fail "the CA bundle '$CA_BUNDLE' cannot be read" \
    "there is no such file, or not for this user" "correct CA_BUNDLE or unset it"
[[ ${PIPELINE_EXECUTION_ID:-} =~ ^[0-9a-f-]{0,64}$ ]] \
    || fail "PIPELINE_EXECUTION_ID is '$PIPELINE_EXECUTION_ID'" \
    "it is the id that CodePipeline gives an execution" "correct it or unset it"
# Lines that are no UTF-8 are no text to grep, whatever stands in them.
! LC_ALL=C.UTF-8 grep -qavx '.*' <<<"${COMMITTER:-}" || fail "COMMITTER is not UTF-8" \
    "JSON holds nothing else" "set user.email in git to an e-mail address and commit again"
tag=${commit:0:8}
image=$repository:$tag
platform=${PLATFORM:-linux/amd64}
engine=$(find_engine)
kind=$(engine_kind "$engine")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck source=container/registry.sh
source "$here/registry.sh"

# Git takes anything for an author's e-mail; JSON (RFC 8259, section 7) does not.
json_text() {
    local LC_ALL=C text=$1 character out="" i
    for ((i = 0; i < ${#text}; i++)); do
        character=${text:i:1}
        case $character in
            [\"\\]) out+="\\$character" ;;
            [[:cntrl:]]) printf -v character '\\u%04x' "'$character" && out+=$character ;;
            *) out+=$character ;;
        esac
    done
    printf '"%s"' "$out"
}

build() {
    local -a options=(--tag "$image" --file "$here/Dockerfile" --platform "$platform")
    # Not by LABEL and ARG in the Dockerfile: podman's cache would keep those of an earlier build.
    options+=(--label "$REVISION_LABEL=$commit")
    options+=(--label "org.opencontainers.image.created=$(date -u +%Y-%m-%dT%H:%M:%SZ)")
    [[ -z ${SOURCE_URL:-} ]] || options+=(--label "org.opencontainers.image.source=$SOURCE_URL")
    [[ -z ${BASE_IMAGE:-} ]] || options+=(--build-arg "BASE_IMAGE=$BASE_IMAGE")
    if [[ $kind == docker ]]; then
        # The classic builder knows no secrets and no remote cache: it gets the file without them.
        [[ -z ${CA_BUNDLE:-} ]] || fail "this docker cannot use CA_BUNDLE" \
            "build secrets need BuildKit" "install docker's buildx plugin, or use podman"
        sed 's/--mount=type=secret,id=ca_bundle//' "$here/Dockerfile" >"$work/Dockerfile"
        options+=(--file "$work/Dockerfile")
    else
        [[ -z ${CA_BUNDLE:-} ]] || options+=(--secret "id=ca_bundle,src=$CA_BUNDLE")
    fi
    if [[ $kind == podman ]]; then
        options+=(--format docker)
    elif [[ $kind == buildx ]]; then
        # Attestations would make an OCI index of the image:
        # https://docs.docker.com/build/metadata/attestations/
        # https://docs.docker.com/build/exporters/oci-docker/
        options+=(--provenance=false --sbom=false --output 'type=docker,oci-mediatypes=false')
        options+=(--build-arg BUILDKIT_INLINE_CACHE=1) # the next build takes layers from this
        local cache=${CACHE_FROM:-}
        if [[ -z $cache ]] && $is_ecr; then
            cache=$(newest_tag || true)
            cache=${cache:+$repository:$cache}
        fi
        [[ -z $cache ]] || options+=(--cache-from "$cache")
    fi
    echo "Building $image for $platform with $engine."
    "$engine" build "${options[@]}" "$here" >&2 || fail "the image of commit $commit was not built" \
        "the engine's message is above" \
        "if it could not fetch the base image, set BASE_IMAGE; if pip met a certificate, CA_BUNDLE"
}

vanished() {
    fail "$image is not on this machine any more" \
        "it was built a moment ago, and another program has removed it, such as a clean-up" \
        "run this again, while nothing else removes images"
}

# What is pushed under an immutable tag stays, so look at it while it is still here alone.
check_built() {
    local about architecture
    about=$("$engine" image inspect --format '{{json .}}' "$image" | tr -d '[:space:]') || vanished
    IFS=/ read -r _ architecture _ <<<"$platform"
    [[ $about == *"\"Architecture\":\"$architecture\""* ]] || fail \
        "$image is not for $platform" "its base image is for another architecture" \
        "set BASE_IMAGE to one for $platform"
    [[ ! $about =~ \"(mediaType|ManifestType)\":\"application/vnd\.oci\. ]] || fail \
        "$image has an OCI manifest" "the engine ignored the options; SageMaker takes Docker's only" \
        "update the engine, or set CONTAINER_ENGINE to another"
}

push() {
    echo "Pushing $image."
    local -a options=("${push_options[@]}")
    [[ $kind != podman ]] || options+=(--format v2s2)
    "$engine" push "${options[@]}" "$image" >&2 && return
    "$engine" image inspect "$image" >/dev/null 2>&1 || vanished
    fail "$image was not pushed" "the engine's message is above" \
        "check the log-in and the right to push; for a registry without TLS set PUSH_OPTIONS"
}

# An image that is there already must be this commit's, though the tag has only 8 characters of it.
check_commit() {
    local other
    other=$(published_commit || true)
    if [[ ! $other =~ ^[0-9a-f]{40,64}$ ]]; then
        echo "Note: the commit of $image could not be read from its label; its tag is trusted." >&2
    elif [[ $other != "$commit" ]]; then
        fail "the tag $tag is taken by another commit" \
            "$other, which the image in the repository was built of, begins like $commit" \
            "make a commit with another hash, e.g. git commit --amend --no-edit, or $(removal)"
    fi
}

found="" digest="" uri=$image
if $local_only; then
    build
else
    ! $is_ecr || log_in
    found=$(published)
    if [[ -n $found ]]; then
        check_commit
        echo "$image is in the repository already: same commit, same image. Nothing to build."
    else
        build
        check_built
        push
        found=$(published)
    fi
    read -r digest media_type <<<"$found" || true
    [[ $digest == sha256:* ]] || fail "the digest of $image is not known" \
        "the registry did not tell it" "run this again; a release names its image by the digest"
    accept "${media_type:-}"
    uri=$repository@$digest
fi

execution=${PIPELINE_EXECUTION_ID:+", \"pipelineExecutionId\": \"${PIPELINE_EXECUTION_ID:-}\""}
committer=${COMMITTER:+", \"committer\": $(json_text "${COMMITTER:-}")"}
printf '{"commitID": "%s", "imageUri": "%s"%s%s}\n' "$tag" "$uri" "$execution" "$committer" >"$work/output"
printf '%s\n' "COMMIT_TAG=$tag" "IMAGE_URI=$uri" "IMAGE_DIGEST=$digest" >"$work/image.env"
folder=$(dirname "$output")
{ mkdir -p "$folder" && cp "$work/image.env" "$folder/" && cp "$work/output" "$output"; } \
    || fail "$output was not written" "the message is above" "set OUTPUT to a writable file"
cat "$work/image.env"
