"""Which content types a request has and which one its answer gets (RFC 9110, section 12.5.1)."""

from functools import lru_cache

from plumbing import parquet
from plumbing.payload import CSV, JSON, JSON_LINES, PARQUET

_PARQUET_NAMES = (PARQUET, "application/vnd.apache.parquet") if parquet.installed() else ()
# Every name that is understood, and which format it is. In this order among equals.
_KINDS = {
    CSV: CSV,
    JSON: JSON,
    JSON_LINES: JSON_LINES,
    "application/x-jsonlines": JSON_LINES,
    "application/jsonl": JSON_LINES,
    "application/x-ndjson": JSON_LINES,
    **dict.fromkeys(_PARQUET_NAMES, PARQUET),
}
# For the message to a client that sends or accepts something else.
SUPPORTED = f"{CSV}, {JSON}, {JSON_LINES} or {PARQUET}"
if not _PARQUET_NAMES:
    SUPPORTED = (
        f"{CSV}, {JSON} or {JSON_LINES} (or {PARQUET}, once arro3-core and arro3-io are in the "
        "image's requirements.in)"
    )


@lru_cache(maxsize=64)  # clients send the same few headers again and again
def content_type(header: str) -> str | None:
    """The offered type that a Content-Type header names, or None for any other."""
    name, *parameters = (part.strip().lower() for part in header.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key == "charset" and value.strip('"') not in ("utf-8", "utf8", "us-ascii"):
            return None
    return name if name in _KINDS else None


@lru_cache(maxsize=64)
def accepted(header: str, given: str) -> str | None:
    """The offered type an Accept header likes best, None if none.

    Among equals it is that of the request, ``given``; but Parquet only where it is asked for by
    name, else CSV.
    """
    preferred = CSV if kind(given) == PARQUET else given
    weights = _weights(header)
    ranked = sorted(_KINDS, key=lambda offer: (-_quality(weights, offer), offer != preferred))
    return ranked[0] if _quality(weights, ranked[0]) > 0 else None


def kind(name: str) -> str:
    """The format that an offered type, which may have several names, stands for."""
    return _KINDS[name]


def _weights(header: str) -> dict[str, float]:
    """The weight (0 to 1) of each range of types in the header."""
    weights: dict[str, float] = {}
    for part in header.lower().split(",") if header.strip() else ["*/*"]:
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weights[name] = max(weights.get(name, 0.0), _weight(parameters))
    return weights


def _quality(weights: dict[str, float], offer: str) -> float:
    """The weight of the most specific range that covers ``offer``."""
    family = offer.split("/")[0] + "/*"
    names = (offer,) if kind(offer) == PARQUET else (offer, family, "*/*")
    return next((weights[name] for name in names if name in weights), 0.0)


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
