import pytest

from park_repo.upstream.api_version import require_known


def test_only_a_major_version_that_is_known_is_read() -> None:
    for version in ("1", "1.0", "1.9"):
        require_known(version)
    for version in ("2.0", "10.1", "", "x"):
        with pytest.raises(ValueError, match=r"expected 1\.x"):
            require_known(version)
