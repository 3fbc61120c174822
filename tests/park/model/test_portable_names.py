import pytest

from park.model.portable_names import is_windows_device


@pytest.mark.parametrize("name", ["nul", "CON.txt", "com1.tar.gz", "lpt³", "aux .refl", "conout$"])
def test_devices_are_told_whatever_their_suffix_and_case(name: str) -> None:
    assert is_windows_device(name)


@pytest.mark.parametrize("name", ["null", "com", "com10", "console.txt", "a.nul", ".con"])
def test_other_names_are_none(name: str) -> None:
    assert not is_windows_device(name)
