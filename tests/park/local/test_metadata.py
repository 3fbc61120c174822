from __future__ import annotations

import email.parser
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from park.errors import LocalSetError
from park.local.metadata import parse_metadata, project_name

LINE = st.text(alphabet=string.ascii_letters + string.digits + " :;.,()<>='\"", max_size=60)


def test_reads_the_headers_only() -> None:
    text = (
        "Metadata-Version: 2.1\nName: My.Model\nVersion: 1.0-rc1\n"
        "Requires-Dist: numpy >=1\nRequires-Dist: pytest ; extra == 'test'\n"
        "Provides-Extra: test\n\nName: other\nRequires-Dist: not-a-requirement\n"
    )
    metadata = parse_metadata(text, where="here")
    assert metadata.name == "my-model"
    assert metadata.version == "1.0rc1"
    assert metadata.requires == ("numpy >=1", "pytest ; extra == 'test'")
    assert metadata.extras == ("test",)


def test_joins_folded_headers() -> None:
    text = "Name: m\nVersion: 1\nRequires-Dist: numpy\n        >=1\nLicense: a\n  b\n"
    assert parse_metadata(text, where="here").requires == ("numpy >=1",)


@given(lines=st.lists(LINE, max_size=5), body=st.lists(LINE, max_size=5))
def test_agrees_with_the_email_parser(lines: list[str], body: list[str]) -> None:
    headers = "".join(f"Requires-Dist: {line}\n" for line in lines)
    text = f"Name: m\nVersion: 1\n{headers}\n" + "\n".join(body)
    expected = email.parser.HeaderParser().parsestr(text).get_all("Requires-Dist") or []
    found = parse_metadata(text, where="here").requires
    assert found == tuple(value.strip() for value in expected)


@pytest.mark.parametrize("text", ["", "Name: m\n", "Version: 1\n", "Name m\nVersion: 1\n"])
def test_refuses_metadata_without_name_or_version(text: str) -> None:
    with pytest.raises(LocalSetError, match=r"^here has no Name or no Version"):
        parse_metadata(text, where="here")


def test_refuses_a_name_that_cannot_be_normalised() -> None:
    with pytest.raises(LocalSetError, match="not a project name: 'bad name!' in here"):
        project_name("bad name!", where="here")
