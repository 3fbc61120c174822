"""Where a release goes, as twine is told; secrets are in no argument and no representation."""

from __future__ import annotations

from park.publish.destination import of_index, of_pypirc, of_service


def test_the_token_of_a_service_is_in_the_environment_alone() -> None:
    found = of_service("compufans", "https://compufans.example/legacy/", "s3cret")
    assert found.options[-1] == "https://compufans.example/legacy/"
    assert "s3cret" not in " ".join(found.options) + repr(found)
    assert found.secrets == {"TWINE_USERNAME": "__token__", "TWINE_PASSWORD": "s3cret"}


def test_of_any_other_index_the_password_is_twine_s_to_find() -> None:
    assert of_pypirc("pypi").options == ("--repository", "pypi")
    assert of_index("http://localhost:8080/").options[-1] == "http://localhost:8080/"
    assert not of_pypirc("pypi").secrets
    assert not of_index("http://localhost:8080/").secrets
