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
        (["jobs", "--frob"], "error: no option --frob; park jobs --help lists those that there"),
        (["whoami"], "error: argument COMMAND: no 'whoami'; did you mean token who?"),
        (["token", "whoami"], "no 'whoami'; did you mean who?"),
        (["xyzzy"], "argument COMMAND: no 'xyzzy'; park --help lists what there is"),
        (["agent", "xyzzy"], "no 'xyzzy'; there is list, lock, unlock, start, stop"),
        (["run", "m:f", "--cpus", "0.5"], "argument --cpus: '0.5' is no whole number"),
        (["reproduce", "x", "--rtol", "two"], "argument --rtol: 'two' is no number"),
        (["jobs", "--limit", "0"], "park jobs: error: argument --limit: 0 is less than 1"),
        (["memo", "list", "--limit", "-3"], "argument --limit: -3 is less than 1"),
        (["jobs", "--limit", "many"], "argument --limit: 'many' is no whole number"),
        (["share", "x", "bob"], "park share: error: nothing is to stand there: bob"),
        (["help", "frobnicate"], "no 'frobnicate'; park --help lists what there is"),
        (["run", "m:f", "--timeout", "0"], "argument --timeout: 0 leaves no time at all"),
        (["run", "m:f", "--timeout", "nan"], "'nan' is no length of time"),
        (["result", "x", "--timeout", "-5"], "'-5' is no length of time"),
        (["bundle", "m", "-o", "/nowhere/b.zip"], "b.zip cannot be made: /nowhere does not exist"),
        (["export", "x", "-o", "/"], "argument -o/--output: / is a folder; name a file"),
        (["graph", "x", "-o", "/dev/null/x.svg"], "x.svg cannot be made: /dev/null is no folder"),
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


@pytest.mark.parametrize(("words", "usage"), [(["help"], "park"), (["help", "run"], "park run")])
def test_help_is_given_by_its_word_too(
    words: list[str], usage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: {usage} [")
