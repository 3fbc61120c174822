"""Where a release goes, as twine is told; secrets are in no argument and no representation."""

from __future__ import annotations

import configparser

from park.publish.destination import of_index, of_pypirc, of_service


def test_the_token_of_a_service_is_in_a_configuration_alone() -> None:
    found = of_service("compufans", "https://compufans.example/legacy/", "s3cret")
    assert "s3cret" not in " ".join(found.options) + repr(found)
    read = configparser.RawConfigParser()
    read.read_string(str(found.pypirc))
    section = found.options[-1]
    assert read["distutils"]["index-servers"] == section
    assert dict(read[section]) == {
        "repository": "https://compufans.example/legacy/",
        "username": "__token__",
        "password": "s3cret",
    }


def test_of_any_other_index_the_password_is_twine_s_to_find() -> None:
    assert of_pypirc("pypi").options == ("--repository", "pypi")
    assert of_index("http://localhost:8080/").options[-1] == "http://localhost:8080/"
    assert of_pypirc("pypi").pypirc is None
    assert of_index("http://localhost:8080/").pypirc is None
