#!/usr/bin/env python3
"""Writes what the release workflow starts with, and the same as variables for a shell.

    release_input.py OUTPUT COMMIT_TAG IMAGE_URI IMAGE_DIGEST

PIPELINE_EXECUTION_ID and COMMITTER come from the environment; what is not there is left out.
"""

import json
import os
import shlex
import sys
from pathlib import Path


def release_input(*, tag: str, uri: str, execution: str, committer: str) -> dict[str, str]:
    """The input of the workflow."""
    more = {"pipelineExecutionId": execution, "committer": committer}
    given = {"commitID": tag, "imageUri": uri}
    return {**given, **{name: value for name, value in more.items() if value}}


def variables(*, tag: str, uri: str, digest: str, committer: str) -> str:
    """Lines that a shell reads. The committer is there only if JSON can hold it as it is:

    later actions put these variables into JSON as text. They are exported, for CodeBuild hands on
    what stands in the build's environment:
    https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
    """
    plain = json.dumps(committer, ensure_ascii=False) == f'"{committer}"'
    given = {
        "COMMIT_TAG": tag,
        "IMAGE_URI": uri,
        "IMAGE_DIGEST": digest,
        "COMMITTER": committer if plain and "\x7f" not in committer else "",
    }
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in given.items())


def main() -> int:
    """Write both files; 1 if the committer is no text."""
    output, tag, uri, digest = sys.argv[1:]
    # Git takes any bytes for an author's e-mail; JSON is UTF-8.
    committer = os.environ.get("COMMITTER", "")
    execution = os.environ.get("PIPELINE_EXECUTION_ID", "")
    content = release_input(tag=tag, uri=uri, execution=execution, committer=committer)
    path = Path(output)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = variables(tag=tag, uri=uri, digest=digest, committer=committer)
    (path.parent / "image.env").write_text(text, encoding="utf-8")
    path.write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf-8")
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
