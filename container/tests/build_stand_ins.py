"""Programs that stand in for a container engine and the AWS CLI, and note their calls.

What is pushed is in the registry, the file `registry` of the working folder, from then on.
"""

ENGINE = """
import json, os, sys
from pathlib import Path

name, words, settings = Path(sys.argv[0]).name, sys.argv[1:], os.environ
with open(settings["CALLS"], "a") as calls:
    calls.write(" ".join([name, *words]) + "\\n")

def option(flag):
    return words[words.index(flag) + 1]

def answers():
    asked = json.load(sys.stdin)["requests"]
    rows = len(asked[0][0].splitlines())
    status = int(settings.get("INVOCATIONS", "200"))
    short = rows - int(settings.get("MISSING", "0"))
    lines = "\\n".join(["setosa"] * short)
    ping = [int(settings.get("PING", "200")), ""]
    roots = [settings["ROOT"]] if "ROOT" in settings else []
    return [ping, roots, [status, lines], [200, json.dumps({"predictions": ["setosa"] * rows})]]

match words:
    case ["--version"]:
        print(settings.get("VERSION", f"{name} version 28"))
    case ["buildx", *_]:
        sys.exit(bool(settings.get("NO_BUILDX")))
    case ["login", *_]:
        sys.stdin.read()
    case ["build", *_]:
        sys.exit(bool(settings.get("BUILD_FAILS")))
    case ["image", "inspect", "--format", "{{json .}}", _]:
        media_type = settings.get("BUILT", settings["DOCKER_MANIFEST"])
        architecture = settings.get("ARCHITECTURE", "amd64")
        print(json.dumps({"Architecture": architecture, "Descriptor": {"mediaType": media_type}}))
    case ["image", "inspect", _]:
        sys.exit(bool(settings.get("VANISHES")))
    case ["run", *_, "train"]:
        root = Path(option("--volume").removesuffix(":/opt/ml"))
        given = json.loads((root / "input/config/hyperparameters.json").read_text())
        if given != json.loads(settings.get("TAKES", "{}")):
            (root / "output/failure").write_text(f"unknown: {given}")
            sys.exit(1)
        if not settings.get("NO_MODEL"):
            (root / "model/model.npz").write_text("a tree")
    case ["run", *_, "cat", _] if settings.get("NO_SBOM"):
        sys.exit(1)
    case ["run", *_, "cat", _]:
        print('{"bomFormat": "CycloneDX"}')
    case ["exec", *_]:
        print(json.dumps(answers()))
    case ["inspect", *_]:
        print(settings.get("EXIT_CODE", "0"))
    case ["push", *_]:
        if settings.get("PUSH_FAILS"):
            sys.exit(1)
        registry = Path("registry")
        tags = json.loads(registry.read_text())
        tags[words[-1].rpartition(":")[2]] = settings["DIGEST"]
        registry.write_text(json.dumps(tags))
"""

AWS = """
import json, os, sys
from pathlib import Path

words, settings, registry = sys.argv[1:], os.environ, Path("registry")
with open(settings["CALLS"], "a") as calls:
    calls.write(" ".join(["aws", *words]) + "\\n")
operation, tags = words[1], json.loads(registry.read_text())

def option(flag):
    return words[words.index(flag) + 1]

def refuse(code):
    print(f"An error occurred ({code}) when calling the X operation: no", file=sys.stderr)
    sys.exit(254)

if operation != "get-login-password" and settings.get("ECR_ERROR"):
    refuse(settings["ECR_ERROR"])
answer = {}
match operation:
    case "get-login-password":
        print("secret")
        sys.exit()
    case "batch-get-image":
        kind, _, value = option("--image-ids").partition("=")
        digest = tags.get(value) if kind == "imageTag" else value
        manifest = json.dumps({"config": {"digest": "sha256:c"}}, indent=1) + "\\n"
        media_type = settings.get("MEDIA_TYPE", settings["DOCKER_MANIFEST"])
        image = {"imageManifest": manifest, "imageManifestMediaType": media_type}
        if digest in tags.values():
            answer = {"images": [{"imageId": {"imageDigest": digest}, **image}]}
    case "put-image":
        if option("--image-tag") in tags:
            refuse("ImageAlreadyExistsException")
        assert option("--image-manifest").endswith("\\n"), "another manifest is another digest"
        tags[option("--image-tag")] = option("--image-digest")
        registry.write_text(json.dumps(tags))
    case "describe-images":
        pushed = [(1.0, "older"), (5.0, "newest"), (4.0, "last")]
        answer = {"imageDetails": [{"imagePushedAt": at, "imageTags": [tag]} for at, tag in pushed]}
    case "get-download-url-for-layer":
        labels = {"org.opencontainers.image.revision": settings.get("REVISION", settings["COMMIT"])}
        Path("configuration").write_text(json.dumps({"config": {"Labels": labels}}))
        missing = "-missing" * bool(settings.get("NO_DOWNLOAD"))
        answer = {"downloadUrl": Path("configuration").resolve().as_uri() + missing}
    case "start-image-scan":
        if settings.get("SCANNED_TODAY"):
            refuse("LimitExceededException")
    case "describe-image-scan-findings":
        answer = json.loads(settings.get("SCAN", '{"imageScanStatus": {"status": "COMPLETE"}}'))
print(json.dumps(answer))
"""
