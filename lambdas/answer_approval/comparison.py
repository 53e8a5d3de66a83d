"""How good the model is, beside the one that is live."""

from __future__ import annotations

from html import escape

from shared.evidence import Evidence, LiveModel
from shared.text import percent

_TINTS = {"better than live": " better", "worse than live": " worse"}


def comparison(known: Evidence) -> str:
    """The figures on held-out data, those of the live model, and whether they can be compared."""
    live = known.live
    evaluation = known.evaluation
    verdict = known.comparison
    return f"""<section>
<h2>Result on held-out data</h2>
<p class="verdict{_TINTS.get(verdict, "")}">{verdict.capitalize()}</p>
<dl class="figures">
{_figure("Accuracy", evaluation.accuracy, live.accuracy if live else None)}
{_figure("Macro F1", evaluation.macro_f1, live.macro_f1 if live else None)}
<div><dt>Rows</dt><dd>{evaluation.rows}</dd>{_beside(f"live {live.rows}") if live else ""}</div>
</dl>
<p class="caption">{escape(_note(known, live))}</p>
</section>"""


def _figure(name: str, share: float, live: float | None) -> str:
    beside = ""
    if live is not None:
        beside = _beside(f"live {percent(live)}, {_points(share, live)}")
    return f"<div><dt>{name}</dt><dd>{percent(share)}</dd>{beside}</div>"


def _beside(text: str) -> str:
    return f'<dd class="beside">{escape(text)}</dd>'


def _points(share: float, live: float) -> str:
    """The difference of the two percentages as they are shown, so that a reader can check it."""
    difference = round(round(share * 100, 1) - round(live * 100, 1), 1)
    sign = "+" if difference > 0 else "\u2212" if difference < 0 else "±"
    return f"{sign}{abs(difference):.1f} points"


def _note(known: Evidence, live: LiveModel | None) -> str:
    if live is None:
        return known.live_problem or (
            "This is the first release: nothing serves yet that the model could be compared with."
        )
    name = f"The live model, commit {live.commit_id},"
    if not live.test_version:
        return (
            f"{name} was measured when it was released; its report does not say on which data. "
            "A difference may come from the data."
        )
    if live.test_version != known.data.test_version:
        return (
            f"{name} was measured on another version of the held-out data "
            f"({live.test_version}, now {known.data.test_version}). A difference may come from "
            "the data."
        )
    return f"{name} was measured on the same held-out data, version {live.test_version}."
