import os
import socket

import pytest

from park.agent.peer_user import peer_uid, require_own_peer
from park.errors import NotPermitted


def test_the_kernel_says_whose_process_is_at_the_other_end() -> None:
    here, there = socket.socketpair(socket.AF_UNIX)
    with here, there:
        assert peer_uid(here) == os.geteuid()
        require_own_peer(here, os.geteuid())
        with pytest.raises(NotPermitted, match="is user"):
            require_own_peer(here, os.geteuid() + 1)
