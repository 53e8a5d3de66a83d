"""Which content types a request has and which one its answer gets (RFC 9110, section 12.5.1)."""

from functools import lru_cache

from plumbing.payload import CSV, JSON

OFFERED = (CSV, JSON)


@lru_cache(maxsize=64)  # clients send the same few headers again and again
def content_type(header: str) -> str | None:
    """The offered type that a Content-Type header names, or None for any other."""
    name, *parameters = (part.strip().lower() for part in header.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key == "charset" and value.strip('"') not in ("utf-8", "utf8", "us-ascii"):
            return None
    return name if name in OFFERED else None


@lru_cache(maxsize=64)
def accepted(header: str, preferred: str) -> str | None:
    """The offered type an Accept header likes best, ``preferred`` among equals; None if none."""
    ranked = sorted(OFFERED, key=lambda offer: (-_quality(header, offer), offer != preferred))
    return ranked[0] if _quality(header, ranked[0]) > 0 else None


def _quality(header: str, offer: str) -> float:
    """The weight (0 to 1) of the most specific range of the header that covers ``offer``."""
    if not header.strip():
        return 1.0
    family = offer.split("/")[0] + "/*"
    best = (0, 0.0)  # how specific, weight
    for part in header.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name in (offer, family, "*/*"):
            best = max(best, (("*/*", family, offer).index(name) + 1, _weight(parameters)))
    return best[1]


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
