"""A grant between two accounts that is missing, in words."""

from __future__ import annotations

from botocore.exceptions import ClientError

_REFUSED = frozenset({"AccessDenied", "403", "Forbidden"})


class OfferRefused(Exception):  # noqa: N818 - the class name is the error name in the workflow
    """This environment may not read what the first one offers."""


def refusal_of(error: ClientError, uri: str) -> OfferRefused | None:
    """What to raise for a refusal of S3 or KMS; None for any other error."""
    if error.response.get("Error", {}).get("Code") not in _REFUSED:
        return None
    return OfferRefused(
        f"{uri} was not read: {error}. Either it is not there, because no release of this run of "
        "the pipeline has gone live in the first environment; or a grant is missing: of its "
        "bucket, of its key, or of the role that took the offer. Retry the first environment's "
        "stage of the pipeline: it deploys the grants, and makes the offer."
    )
