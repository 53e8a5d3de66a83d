#!/usr/bin/env bash
# Builds the model image of one commit, tries it, pushes it, has it scanned, and writes what the
# release workflow starts with. The pipeline and a person run this same script.
#
# Usage: build-and-push.sh [--local] [OPTION VALUE]...
#   each option can be given in the environment instead, by the name in brackets
#   --repository-uri  [REPOSITORY_URI]    the repository in Amazon ECR (--local: localhost/model)
#   --commit-id       [COMMIT_ID]         full commit hash (--local: of the checked-out commit)
#   --model-folder    [MODEL_FOLDER]      folder of the repository with the model (default: container)
#   --base-image      [BASE_IMAGE]        image with python3 3.11 to 3.13 and venv (default: Dockerfile)
#   --engine          [CONTAINER_ENGINE]  docker or podman (default: whichever answers, docker first)
#   --ca-bundle       [CA_BUNDLE]         certificates for pip behind a proxy that re-signs TLS
#   --cache-from      [CACHE_FROM]        image to take layers from (default: the newest in ECR)
#   --source-url      [SOURCE_URL]        where the source lives, for the label (default: git's origin)
#   --platform        [PLATFORM]          what the image runs on (default: linux/amd64)
#   --hyperparameters [HYPERPARAMETERS]   of the test's training, as a JSON object (default: {})
#   --scan-severity   [SCAN_SEVERITY]     findings that stop: LOW to CRITICAL, or off (default: CRITICAL)
#   --scan-accepted   [SCAN_ACCEPTED]     names of findings that do not, with spaces between (default: none)
#   --pipeline-execution [PIPELINE_EXECUTION_ID]  the pipeline's execution, for the release workflow
#   --committer       [COMMITTER]         e-mail of the commit's author, for the release workflow
#   --output          [OUTPUT]            file to write (default: release-input.json)
#   --local                               only build and try it: no log-in, no push, no scan
#   --help                                this text
#
# The image gets two tags, which never change their meaning: the first 8 characters of the commit,
# and one for what it is made of (content_tag.py). Where the latter is in the repository, nothing is
# built: the commit gets the same image. SageMaker takes Docker's manifest only, not OCI's.
# Writes {"commitID": "<tag>", "imageUri": "<repository>@<digest>"}, with a "committer" if one is
# given; beside it sbom.cdx.json, the bill of materials of an image that was built, and image.env:
# COMMIT_TAG, IMAGE_URI, IMAGE_DIGEST and COMMITTER for a shell. (--local: the image has no digest
# yet and is named by its tag.)
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
        --model-folder) MODEL_FOLDER=$2 ;;
        --base-image) BASE_IMAGE=$2 ;;
        --engine) CONTAINER_ENGINE=$2 ;;
        --ca-bundle) CA_BUNDLE=$2 ;;
        --cache-from) CACHE_FROM=$2 ;;
        --source-url) SOURCE_URL=$2 ;;
        --platform) PLATFORM=$2 ;;
        --hyperparameters) export HYPERPARAMETERS=$2 ;;
        --scan-severity) SCAN_SEVERITY=$2 ;;
        --scan-accepted) SCAN_ACCEPTED=$2 ;;
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
severity=${SCAN_SEVERITY:-CRITICAL}
platform=${PLATFORM:-linux/amd64}

ecr_uri='^[0-9]{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?/.+$'
$local_only || [[ $repository =~ $ecr_uri ]] || fail "REPOSITORY_URI is '$repository'" \
    "the image needs a repository in Amazon ECR to go to" "set it, or use --local; see $0 --help"
region=${BASH_REMATCH[1]:-}
[[ $commit =~ ^[0-9a-f]{40}([0-9a-f]{24})?$ ]] || fail "COMMIT_ID is '$commit'" \
    "the tag is made from a full commit hash in lower case" "set it to the output of: git rev-parse HEAD"
[[ $platform =~ ^linux/[a-z0-9]+(/[a-z0-9]+)?$ ]] || fail "PLATFORM is '$PLATFORM'" \
    "it names one system and architecture" "set it to linux/amd64 or linux/arm64, or unset it"
[[ -z ${CA_BUNDLE:-} || -r $CA_BUNDLE ]] || fail "the CA bundle '$CA_BUNDLE' cannot be read" \
    "there is no such file, or not for this user" "correct CA_BUNDLE or unset it"
[[ ${PIPELINE_EXECUTION_ID:-} =~ ^[0-9a-f-]{0,64}$ ]] \
    || fail "PIPELINE_EXECUTION_ID is '$PIPELINE_EXECUTION_ID'" \
    "it is the id that CodePipeline gives an execution" "correct it or unset it"
[[ $severity =~ ^(LOW|MEDIUM|HIGH|CRITICAL|off)$ ]] || fail "SCAN_SEVERITY is '$severity'" \
    "findings are told by severity" "set it to LOW, MEDIUM, HIGH, CRITICAL or off"
# Lines that are no UTF-8 are no text to grep, whatever stands in them.
! LC_ALL=C.UTF-8 grep -qavx '.*' <<<"${COMMITTER:-}" || fail "COMMITTER is not UTF-8" \
    "JSON holds nothing else" "set user.email in git to an e-mail address and commit again"
tag=${commit:0:8}
image=$repository:$tag
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
room=$here # what the image is made of
if [[ ${MODEL_FOLDER:-container} != container ]]; then
    room=$work/container
    python3 "$here/overlay.py" "$MODEL_FOLDER" "$room" || exit 1
fi
base=${BASE_IMAGE:-$(sed -n 's/^ARG BASE_IMAGE=//p' "$room/Dockerfile")}
content=$(python3 "$room/content_tag.py" --base-image "$base" --platform "$platform") || exit 1
engine=$(find_engine)
kind=$(engine_kind "$engine")
cache=${CACHE_FROM:-}
# shellcheck source=container/build.sh
source "$here/build.sh"

# ecr QUESTION ARGUMENT...: asks about the repository; see ecr.py.
ecr() {
    python3 "$here/ecr.py" "$repository" "$@" 2>"$work/error" \
        || fail "ECR refused: $1 ${*:2}" "$(<"$work/error")" \
            "check that the repository exists, and the rights that docs/security.md names"
}

log_in() {
    aws ecr get-login-password --region "$region" \
        | "$engine" login --username AWS --password-stdin "${repository%%/*}" >/dev/null \
        || fail "the log-in to ${repository%%/*} failed" "the message is above" \
            "check the AWS credentials and their right to ecr:GetAuthorizationToken"
}

# The tag has only 8 characters of the commit: what it names must be of this one, by its content or
# its label.
check_commit() {
    local other same
    same=$(ecr find "$content")
    [[ $same != "$found" ]] || return 0
    other=$(ecr commit "$tag")
    if [[ ! $other =~ ^[0-9a-f]{40,64}$ ]]; then
        echo "Note: the commit of $image could not be read from its label; its tag is trusted." >&2
    elif [[ $other != "$commit" ]]; then
        fail "the tag $tag is taken by another commit" \
            "$other, which the image in the repository was built of, begins like $commit" \
            "make a commit with another hash, e.g. git commit --amend --no-edit"
    fi
}

# Leaves in `found` digest and media type of the commit's image, and in `again` whether it is older.
provide() {
    again=(--again)
    found=$(ecr find "$tag")
    if [[ -n $found ]]; then
        check_commit
        echo "$image is in the repository already: same commit, same image. Nothing to build."
        return
    fi
    found=$(ecr adopt "$content" "$tag")
    if [[ -n $found ]]; then
        echo "Nothing that the image is made of has changed: $tag is $content. Nothing to build."
        return
    fi
    again=()
    [[ $kind != buildx || -n $cache ]] || cache=$(ecr newest)
    [[ -z $cache || -n ${CACHE_FROM:-} ]] || cache=$repository:$cache
    build
    check_built
    write_sbom "$(dirname "$output")/sbom.cdx.json"
    push
    found=$(ecr adopt "$tag" "$content")
    [[ -n $found ]] || fail "$image is not in the repository" "it was pushed a moment ago" \
        "run this again"
}

digest="" uri=$image
if $local_only; then
    build
    check_built
    write_sbom "$(dirname "$output")/sbom.cdx.json"
else
    log_in
    provide
    read -r digest media_type <<<"$found"
    [[ $media_type == "$SAGEMAKER_MEDIA_TYPE" ]] || fail "SageMaker cannot use $image" \
        "its manifest in the repository is of type $media_type, not $SAGEMAKER_MEDIA_TYPE" \
        "delete it: aws ecr batch-delete-image --region $region --repository-name ${repository#*/}\
 --image-ids imageDigest=$digest, then run this again"
    [[ $severity == off ]] \
        || python3 "$here/scan_gate.py" "$repository" "$digest" "$severity" "${again[@]}" \
            --accepted "${SCAN_ACCEPTED:-}" || exit 1
    uri=$repository@$digest
fi
export COMMITTER PIPELINE_EXECUTION_ID
python3 "$here/release_input.py" "$output" "$tag" "$uri" "$digest" \
    || fail "$output was not written" "the message is above" "set OUTPUT to a writable file"
