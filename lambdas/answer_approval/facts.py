"""What the model is made of."""

from __future__ import annotations

from html import escape

from shared.approvals import Approval
from shared.evidence import Evidence
from shared.text import amount, byte_size, duration, printable, utc, utc_of


def facts(approval: Approval) -> str:
    """Everything that tells this model from another."""
    known = approval.evidence
    data = known.data
    train = f"{amount(data.train_objects, 'object')}, {byte_size(data.train_bytes)}"
    test = f"{amount(data.test_objects, 'object')}, {byte_size(data.test_bytes)}"
    entries = [
        ("Name", _text(approval.model_name)),
        ("Version", f"{approval.version} {_code(approval.model_package_arn)}"),
        ("Commit", _code(approval.commit_id)),
        *([("Committer", _text(approval.committer))] if approval.committer else []),
        *([("Started by", _text(approval.started_by))] if approval.started_by else []),
        ("Image", _code(approval.image_uri)),
        ("Image digest", _code(known.image_digest) if known.image_digest else "unknown"),
        ("Version of all data", _code(data.version)),
        ("Training data", train),
        ("Held-out data", test),
        ("Data manifest", _code(f"s3://{known.bucket}/{data.manifest_key}")),
        ("Training", _training(known)),
        ("Training job", _code(known.job_name)),
        ("Hyperparameters", _hyperparameters(known)),
        ("Report", _code(known.report_uri)),
        ("Asked", escape(utc_of(approval.requested_at))),
        ("Decide before", escape(utc(approval.expires_at))),
    ]
    rows = "\n".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in entries)
    return f"""<section>
<h2>The model</h2>
<dl class="facts">
{rows}
</dl>
</section>"""


def _training(known: Evidence) -> str:
    seconds = duration(known.training.seconds) if known.training.seconds else "unknown time"
    training = f"{seconds} on {_text(known.training.instance_type)}"
    origin = known.trained_before
    return f"{training}; {_text(origin.sentence)}" if origin else training


def _hyperparameters(known: Evidence) -> str:
    lines = [
        f"<li>{_code(f'{name} = {value}')}</li>" for name, value in known.hyperparameters.items()
    ]
    if known.hyperparameters_left_off:
        lines.append(f"<li>{known.hyperparameters_left_off} more in the training job</li>")
    if not lines:
        return "none set"
    return f'<ul class="plain">{"".join(lines)}</ul>'


def _code(value: str) -> str:
    return f"<code>{_text(value)}</code>"


def _text(value: str) -> str:
    return escape(printable(value))
