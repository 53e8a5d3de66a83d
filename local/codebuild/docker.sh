#!/usr/bin/env bash
# `docker` of a local build: the machine's engine, which finds the local ECR where AWS has its own.
# Filled in and put on a build's PATH by machine.py.
set -euo pipefail
@EXPORTS@
export DOCKER_CONFIG='@CONFIG@' REGISTRY_AUTH_FILE='@CONFIG@/config.json'

# <account>.dkr.ecr.<region>.amazonaws.com in an argument becomes the local registry, below which
# each account's repositories have the name of theirs: local/cloud/registries.py.
host=$(printf '%s\n' "$@" | grep -oE '[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com' | head -n 1 || true)
arguments=("$@")
there=@REGISTRY@/$host
[[ ! ${1:-} =~ ^log(in|out)$ ]] || there=@REGISTRY@
[[ -z $host ]] || arguments=("${arguments[@]//$host/$there}")

insecure=()
if [[ $("@PROGRAM@" --version) == podman* && ${1:-} =~ ^(login|pull|push)$ ]]; then
    insecure=(--tls-verify=false) # The registry shows the cloud's own certificate.
fi
case ${1:-} in
    image | images | inspect | manifest | ps) # What is printed carries the name that was asked for.
        "@PROGRAM@" "${arguments[@]}" | sed "s|@REGISTRY@/||g"
        ;;
    *) exec "@PROGRAM@" ${1:+"${arguments[0]}"} "${insecure[@]}" "${arguments[@]:1}" ;;
esac
