"""What the settings tell container/build-and-push.sh, in the pipeline and on a person's machine.

`python -m mlops_stacks.image_variables` prints them for a shell, with what the model's own tests
are to know: its task and the metrics that it has to return.
"""

from __future__ import annotations

import json
import shlex
import sys

from mlops_stacks.settings import Settings, load_settings
from mlops_stacks.settings_faults import SettingsError


def image_variables(settings: Settings) -> dict[str, str]:
    """The environment of the script, as far as it comes from the settings."""
    found = settings.image.accepted_findings
    return {
        "MODEL_FOLDER": settings.model.folder,
        "HYPERPARAMETERS": json.dumps(settings.model.hyperparameters_as_text),
        "SCAN_SEVERITY": settings.image.scan_severity,
        **({"SCAN_ACCEPTED": " ".join(found)} if found else {}),
        "SOURCE_URL": settings.image.source_url or settings.source.repository,
    }


def main() -> int:
    """Print lines for a shell; 1 if the settings are wrong."""
    try:
        settings = load_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    variables = {
        **image_variables(settings),
        "MODEL_TASK": settings.model.task,
        "TRAINING_METRICS": " ".join(settings.training_metrics),
    }
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
