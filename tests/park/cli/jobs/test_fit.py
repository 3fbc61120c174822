"""``park fit``: what it makes of its command line."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from park.cli.jobs import fit
from park.cli.main import main


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what `park.Fit` is called with."""
    calls: list[Any] = []

    def called(script: str, **options: Any) -> Any:
        calls.append((script, options))
        return SimpleNamespace(id="0199", confirm=lambda: None)

    monkeypatch.setattr("park.client.model_fit.Fit", called)
    monkeypatch.setattr(
        fit, "service_of", lambda _: SimpleNamespace(job=lambda text: ("job", text))
    )

    def finished(job: Any, *, as_json: bool) -> int:
        calls.append((job.id, as_json))
        return 0

    monkeypatch.setattr(fit, "finished", finished)
    return calls


def options_of(said: list[Any]) -> dict[str, Any]:
    options: dict[str, Any] = said[0][1]
    return options


def test_the_words_of_bumps_are_taken_as_they_are(said: list[Any]) -> None:
    line = "fit model.py --fit=dream --samples 2e4 --burn=100 --pop -8 --no-trim --err --store=T1"
    assert main([*line.split(), "--seed=3", "--batch"]) == 0
    options = options_of(said)
    assert said[0][0] == "model.py"
    expected = {"fit": "dream", "samples": "2e4", "burn": 100, "pop": -8.0, "trim": False}
    expected |= {"err": True, "export": "T1", "seed": 3}
    assert expected.items() <= options.items()
    assert not {"batch", "steps", "shake"} & options.keys()
    assert said[1] == ("0199", False)


@pytest.mark.parametrize(
    "line",
    [
        "fit model.py --method de -- run.dat -5",
        "fit model.py run.dat --method de -- -5",
        "fit model.py --method de --args run.dat -- -5",
    ],
)
def test_arguments_of_the_script_may_stand_where_people_put_them(
    said: list[Any], line: str
) -> None:
    main(line.split())
    assert options_of(said)["args"] == ["run.dat", "-5"]
    assert options_of(said)["fit"] == "de"


def test_what_is_of_park_is_said_as_for_any_job(said: list[Any], tmp_path: Path) -> None:
    line = "fit m.py --lock 12 --with plugin --timeout 5 --memory 2G --retries 2 --label film"
    main([*line.split(), "--files", "*.h5", "--files", "x"])
    expected = {"lock": "12", "with_": ["plugin"], "timeout": 5.0, "memory": 2 << 30}
    expected |= {"retries": 2, "label": "film", "files": ["*.h5", "x"], "resume": None}
    assert expected.items() <= options_of(said).items()
    said.clear()
    main(["fit", "m.py", "--resume", "0198"])
    assert options_of(said)["resume"] == ("job", "0198")
    said.clear()
    session = tmp_path / "a.h5"
    session.write_text("")
    main(["fit", "m.py", "--resume", str(session)])
    assert options_of(said)["resume"] == str(session)


def test_it_may_be_left_to_itself(said: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    main(["fit", "m.py", "--detach"])
    assert capsys.readouterr().out == "0199\n"
    main(["fit", "m.py", "--detach", "--json"])
    assert '"id": "0199"' in capsys.readouterr().out
    assert len(said) == 2


def test_what_nobody_knows_is_told(said: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["fit", "m.py", "--magic=3"])
    assert (
        "no option --magic; park fit --help lists those that there are" in capsys.readouterr().err
    )
    assert said == []
