"""`park.runtime.cage.kernel`: what the kernel refuses is an `OSError` with its reason."""

from __future__ import annotations

import errno
import os
import sys

import pytest

from park.runtime.cage.kernel import call, prctl

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these calls are Linux's")


def test_what_is_answered_comes_back() -> None:
    assert prctl(3) in {0, 1, 2}  # PR_GET_DUMPABLE


def test_a_refusal_has_its_reason() -> None:
    with pytest.raises(OSError, match=os.strerror(errno.EINVAL)):
        prctl(1 << 20)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSYS)):
        call(1 << 20)
