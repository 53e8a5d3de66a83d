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
#   --output          [OUTPUT]            file to write (default: release-input.json)
#   --local                               only build and tag: no log-in, no push
#   --help                                this text
#
# The tag is the first 8 characters of the commit. Tags in the repository are immutable, so an
# image that is there already is handed over as it is: same commit, same image.
# Writes {"commitID": "<tag>", "imageUri": "<repository>:<tag>"}; prints IMAGE_URI=, IMAGE_DIGEST=.
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
[[ -z ${CA_BUNDLE:-} || -r $CA_BUNDLE ]] || fail "the CA bundle '$CA_BUNDLE' cannot be read" \
    "there is no such file, or not for this user" "correct CA_BUNDLE or unset it"
tag=${commit:0:8}
image=$repository:$tag
engine=$(find_engine)

# <account>.dkr.ecr.<region>.amazonaws.com[.cn]/<repository>
is_ecr=false
if [[ $repository =~ ^([0-9]{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?/(.+)$ ]] \
    && command -v aws >/dev/null; then
    is_ecr=true
    account=${BASH_REMATCH[1]} region=${BASH_REMATCH[2]} name=${BASH_REMATCH[4]}
fi

# ecr ARGUMENT...: asks ECR about this repository.
ecr() { aws ecr "$1" --registry-id "$account" --region "$region" --repository-name "$name" \
    --output text "${@:2}"; }

log_in() {
    aws ecr get-login-password --region "$region" \
        | "$engine" login --username AWS --password-stdin "${repository%%/*}" >/dev/null \
        || fail "the log-in to ${repository%%/*} failed" "the message is above" \
            "check the AWS credentials and their right to ecr:GetAuthorizationToken"
}

# Prints the digest if the repository has the tag already, nothing if not.
pushed_digest() {
    local answer
    if $is_ecr; then
        if answer=$(ecr describe-images --image-ids "imageTag=$tag" \
            --query 'imageDetails[0].imageDigest' 2>&1); then
            echo "$answer"
        elif [[ $answer != *ImageNotFoundException* ]]; then
            fail "ECR could not be asked for $image" "${answer//$'\n'/ }" \
                "check that the repository exists and the right to ecr:DescribeImages"
        fi
    elif "$engine" pull --quiet "${push_options[@]}" "$image" >/dev/null 2>&1; then
        local_digest
    fi
}

# Prints the digest of the image in the repository. An engine may list digests that exist only
# here (podman counts its own, uncompressed copy): the registry has to know the one we name.
local_digest() {
    local line
    "$engine" image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$image" \
        | while read -r line; do
            if [[ $line == "$repository@"* ]] \
                && "$engine" pull --quiet "${push_options[@]}" "$line" >/dev/null 2>&1; then
                echo "${line#*@}"
                break
            fi
        done
}

build() {
    local -a options=(--tag "$image" --file "$here/Dockerfile")
    options+=(--build-arg "REVISION=$commit" --build-arg "SOURCE=${SOURCE_URL:-unknown}")
    options+=(--build-arg "CREATED=$(date -u +%Y-%m-%dT%H:%M:%SZ)")
    [[ -z ${BASE_IMAGE:-} ]] || options+=(--build-arg "BASE_IMAGE=$BASE_IMAGE")
    if [[ $(basename "$engine") == docker ]] && ! "$engine" buildx version >/dev/null 2>&1; then
        # The classic builder knows no secrets and no remote cache: it gets the file without them.
        [[ -z ${CA_BUNDLE:-} ]] || fail "this docker cannot use CA_BUNDLE" \
            "build secrets need BuildKit" "install docker's buildx plugin, or use podman"
        sed 's/--mount=type=secret,id=ca_bundle//' "$here/Dockerfile" >"$work/Dockerfile"
        options+=(--file "$work/Dockerfile")
    else
        [[ -z ${CA_BUNDLE:-} ]] || options+=(--secret "id=ca_bundle,src=$CA_BUNDLE")
        if [[ $(basename "$engine") == docker ]]; then
            local cache=${CACHE_FROM:-}
            if [[ -z $cache ]] && $is_ecr; then
                cache=$(ecr describe-images --filter tagStatus=TAGGED --query \
                    'sort_by(imageDetails,&imagePushedAt)[-1].imageTags[0]' 2>/dev/null || true)
                [[ -z $cache || $cache == None ]] && cache="" || cache=$repository:$cache
            fi
            options+=(--build-arg BUILDKIT_INLINE_CACHE=1) # the next build takes layers from this
            [[ -z $cache ]] || options+=(--cache-from "$cache")
        fi
    fi
    echo "Building $image with $engine."
    "$engine" build "${options[@]}" "$here" >&2 || fail "the image of commit $commit was not built" \
        "the engine's message is above" \
        "if it could not fetch the base image, set BASE_IMAGE; if pip met a certificate, CA_BUNDLE"
}

push() {
    echo "Pushing $image."
    local -a options=("${push_options[@]}")
    [[ $(basename "$engine") != podman ]] || options+=(--digestfile "$work/digest")
    "$engine" push "${options[@]}" "$image" >&2 || fail "$image was not pushed" \
        "the engine's message is above" \
        "check the log-in and the right to push; for a registry without TLS set PUSH_OPTIONS"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
digest=""
if $local_only; then
    build
else
    ! $is_ecr || log_in
    digest=$(pushed_digest)
    if [[ -n $digest ]]; then
        echo "$image is in the repository already: same commit, same image. Nothing to build."
    else
        build
        push
        digest=$(cat "$work/digest" 2>/dev/null || local_digest)
    fi
fi

printf '{"commitID": "%s", "imageUri": "%s"}\n' "$tag" "$image" >"$work/output"
{ mkdir -p "$(dirname "$output")" && cp "$work/output" "$output"; } \
    || fail "$output was not written" "the message is above" "set OUTPUT to a writable file"
echo "IMAGE_URI=$image"
$local_only || echo "IMAGE_DIGEST=$digest"
