import platform

from park.local.interpreter import python_minor


def test_the_minor_is_what_a_version_begins_with() -> None:
    assert platform.python_version().startswith(f"{python_minor()}.")
    assert python_minor().count(".") == 1
