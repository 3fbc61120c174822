import platform

from park.local.python_minor import python_minor


def test_the_minor_is_what_a_version_begins_with() -> None:
    assert platform.python_version().startswith(f"{python_minor()}.")
    assert python_minor().count(".") == 1
