# What the registry says about the image: source it, do not run it.
# Uses the caller's repository, tag, image, engine, kind, push_options and work (a folder).
# shellcheck shell=bash disable=SC2154
#
# SageMaker refuses every manifest but this one, OCI's included ("Unsupported manifest media type"):
# https://github.com/aws/amazon-sagemaker-feedback/issues/180
SAGEMAKER_MEDIA_TYPE=application/vnd.docker.distribution.manifest.v2+json
REVISION_LABEL=org.opencontainers.image.revision

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

# Prints digest and media type of the image in the repository; nothing if the tag is not there.
published() {
    if $is_ecr; then
        if ! ecr describe-images --image-ids "imageTag=$tag" --query \
            'imageDetails[0].[imageDigest,imageManifestMediaType]' 2>"$work/error"; then
            grep -q ImageNotFoundException "$work/error" \
                || fail "ECR could not be asked for $image" "$(tr '\n' ' ' <"$work/error")" \
                    "check that the repository exists and the right to ecr:DescribeImages"
        fi
    elif "$engine" pull --quiet "${push_options[@]}" "$image" >/dev/null 2>&1; then
        echo "$(engine_digest) $(engine_media_type)"
    fi
}

# The digest by the engine's knowledge. It may list digests that exist only here (podman counts
# its own, uncompressed copy): the registry has to know the one we name.
engine_digest() {
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

# The media type of the image just pulled, nothing where it cannot be read.
engine_media_type() {
    local -a options=()
    if [[ $kind == podman ]]; then
        "$engine" image inspect --format '{{.ManifestType}}' "$image"
    else
        # The client asks the registry itself, without its daemon's leave for this machine's own.
        [[ ! $repository =~ ^(localhost|127\.[0-9.]+)[:/] ]] || options=(--insecure)
        "$engine" manifest inspect "${options[@]}" "$image" 2>/dev/null \
            | sed -n 's/.*"mediaType": *"\([^"]*\)".*/\1/p' | head -n 1
    fi
}

# The full commit that the image in the repository was built of, nothing where it cannot be read.
published_commit() {
    local manifest url
    if $is_ecr; then
        # The manifest names a small JSON file with the labels: no need to pull the whole image.
        manifest=$(ecr batch-get-image --image-ids "imageTag=$tag" \
            --query 'images[0].imageManifest') || return 0
        [[ $manifest =~ \"config\":[[:space:]]*\{[^}]*\"digest\":[[:space:]]*\"(sha256:[0-9a-f]{64})\" ]] \
            || return 0
        url=$(ecr get-download-url-for-layer --layer-digest "${BASH_REMATCH[1]}" \
            --query downloadUrl) || return 0
        curl --silent --fail --max-time 60 "$url" \
            | sed -n "s/.*\"$REVISION_LABEL\": *\"\([0-9a-f]*\)\".*/\1/p" | head -n 1
    else
        "$engine" image inspect --format "{{index .Config.Labels \"$REVISION_LABEL\"}}" "$image"
    fi
} 2>/dev/null

# Prints the tag of the newest image in ECR, nothing if there is none. The CLI puts text out page
# by page and filters each alone, so the newest of all is for us to find:
# https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-filter.html
newest_tag() {
    ecr describe-images --filter tagStatus=TAGGED \
        --query 'imageDetails[].[imagePushedAt,imageTags[0]]' 2>/dev/null \
        | LC_ALL=C sort | tail -n 1 | cut -f 2
}

# accept MEDIA_TYPE: fails if the image in the repository is one that SageMaker refuses.
accept() {
    case $1 in
        "$SAGEMAKER_MEDIA_TYPE") ;;
        "" | None) echo "Note: the media type of $image could not be read; SageMaker takes" \
            "$SAGEMAKER_MEDIA_TYPE only." >&2 ;;
        *) fail "SageMaker cannot use $image" \
            "its manifest in the repository is of type $1, not $SAGEMAKER_MEDIA_TYPE" \
            "$(removal), then run this again" ;;
    esac
}

# Says how to remove the image: its tag is immutable, so it stands in the way of a right one.
removal() {
    if $is_ecr; then
        echo "delete it: aws ecr batch-delete-image --registry-id $account --region $region" \
            "--repository-name $name --image-ids imageTag=$tag"
    else
        echo "delete the tag $tag in the registry"
    fi
}
