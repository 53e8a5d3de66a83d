"""What a person is told of a command that failed."""

from pathlib import Path

import pytest

from local.terminal import LocalError, run_logged

_SAYS = "printf '%s\\n' 'Copying blob' 'Error: it is too big.' '{why}' '  Do: less.'; exit 1"


@pytest.mark.parametrize(
    ("why", "is_told"),
    [("  Why: it has 3 rows.", False), ("  Why: the message is above.", True), ("No more.", True)],
)
def test_what_was_printed_before_our_own_message_is_left_out_unless_it_is_needed(
    tmp_path: Path, why: str, is_told: bool
) -> None:
    log = tmp_path / "log"
    with pytest.raises(LocalError) as error:
        run_logged(
            ["sh", "-c", _SAYS.format(why=why)],
            environment={},
            log=log,
            what="It failed",
            next_step="do that",
        )
    said = str(error.value)
    assert ("Copying blob" in said) is is_told
    assert f"{why}\n" in said
    assert said.endswith(f"  next: do that; all output: {log}")
