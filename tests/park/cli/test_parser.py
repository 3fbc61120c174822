"""What the parser says of a word that it does not know."""

from __future__ import annotations

import pytest

from park.cli.main import main


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["instal"], "park: error: argument COMMAND: no 'instal'; did you mean install or init?"),
        (["statsu", "0199"], "no 'statsu'; did you mean status?"),
        (["env", "lst"], "park env: error: argument ACTION: no 'lst'; did you mean list?"),
        (["jobs", "--status", "runing"], "--status: no 'runing'; did you mean running?"),
    ],
)
def test_what_was_meant_is_said(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_where_nothing_is_alike_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["frobnicate"])
    said = capsys.readouterr().err
    assert "invalid choice: 'frobnicate'" in said
    assert "install" in said
