# Builds the image and looks at it while it is here alone: source it, do not run it.
# Uses the caller's here, room, image, commit, base, platform, engine, kind, work and cache.
# shellcheck shell=bash disable=SC2154
#
# SageMaker refuses every manifest but this one, OCI's included ("Unsupported manifest media type"):
# https://github.com/aws/amazon-sagemaker-feedback/issues/180
SAGEMAKER_MEDIA_TYPE=application/vnd.docker.distribution.manifest.v2+json
SBOM=/opt/program/sbom.cdx.json

build() {
    local label=org.opencontainers.image source=${SOURCE_URL:-}
    # What git knows may have a password in it.
    [[ -n $source ]] || source=$(git -C "$here" config --get remote.origin.url 2>/dev/null \
        | sed 's|//[^/@]*@|//|') || true
    local -a options=(--tag "$image" --file "$room/Dockerfile" --platform "$platform")
    # Not by LABEL and ARG in the Dockerfile: podman's cache would keep those of an earlier build.
    options+=(--label "$label.revision=$commit" --label "$label.base.name=$base")
    options+=(--label "$label.created=$(date -u +%Y-%m-%dT%H:%M:%SZ)")
    [[ -z $source ]] || options+=(--label "$label.source=$source")
    [[ -z ${BASE_IMAGE:-} ]] || options+=(--build-arg "BASE_IMAGE=$BASE_IMAGE")
    if [[ $kind == docker ]]; then
        # The classic builder knows no secrets and no remote cache: it gets the file without them.
        [[ -z ${CA_BUNDLE:-} ]] || fail "this docker cannot use CA_BUNDLE" \
            "build secrets need BuildKit" "install docker's buildx plugin, or use podman"
        sed 's/--mount=type=secret,id=ca_bundle//' "$room/Dockerfile" >"$work/Dockerfile"
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
        [[ -z $cache ]] || options+=(--cache-from "$cache")
    fi
    echo "Building $image for $platform with $engine."
    "$engine" build "${options[@]}" "$room" >&2 || fail "the image of commit $commit was not built" \
        "the engine's message is above" \
        "if it could not fetch the base image, set BASE_IMAGE (stand-in-base-image.sh makes one); if pip\
 met a certificate, CA_BUNDLE; if pip refused requirements.txt, make lock writes it"
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
    CONTAINER_ENGINE=$engine python3 "$room/contract_test.py" "$image" >&2 || exit 1
}

# write_sbom FILE: the image's bill of materials, beside what is handed over.
write_sbom() {
    "$engine" run --rm --network none "$image" cat "$SBOM" >"$work/sbom" \
        || fail "$image has no bill of materials" "there is no $SBOM in it" \
            "put the lines about sbom.py back into container/Dockerfile"
    mkdir -p "$(dirname "$1")" && cp "$work/sbom" "$1"
}

push() {
    echo "Pushing $image."
    local -a options=()
    [[ $kind != podman ]] || options+=(--format v2s2)
    "$engine" push "${options[@]}" "$image" >&2 && return
    "$engine" image inspect "$image" >/dev/null 2>&1 || vanished
    fail "$image was not pushed" "the engine's message is above" \
        "check the log-in and the right to push"
}
