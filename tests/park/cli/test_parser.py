"""What the parser says of a word that it does not know."""

from __future__ import annotations

import pytest

from park.cli.main import main


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["instal"], "park: error: argument COMMAND: no 'instal'; did you mean install or init?"),
        (["statsu", "0199"], "no 'statsu'; did you mean status?"),
        (["ps"], "no 'ps'; did you mean jobs?"),
        (["scancel", "x"], "no 'scancel'; did you mean cancel?"),
        (["fetch", "x"], "no 'fetch'; did you mean get?"),
        (["nearest"], "no 'nearest'; did you mean versions or env?"),
        (
            ["service", "rm", "x"],
            "park service: error: argument ACTION: no 'rm'; did you mean remove?",
        ),
        (["env", "lst"], "park env: error: argument ACTION: no 'lst'; did you mean list?"),
        (["jobs", "--status", "runing"], "--status: no 'runing'; did you mean running?"),
        (["jobs", "--labl", "x"], "park jobs: error: no option --labl; did you mean --label?"),
        (["run", "m:f", "--tmeout=5"], "no option --tmeout; did you mean --timeout"),
        (["env", "list", "--jsn"], "park env list: error: no option --jsn; did you mean --json?"),
        (["jobs", "--frobnicate"], "park jobs: error: unrecognized arguments: --frobnicate"),
        (["run", "m:f", "--cpus", "0.5"], "argument --cpus: '0.5' is no whole number"),
        (["reproduce", "x", "--rtol", "two"], "argument --rtol: 'two' is no number"),
        (["run", "m:f", "--timeout", "2x"], "'2x' is no length of time; for example 90 (seconds)"),
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
