"""Logins at an issuer of OpenID Connect: a code that is typed in, in a browser anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable

from park.client.access.transport import Transport
from park.errors import NotAuthenticated, ParkError
from park.wire import (
    API,
    DeviceLoginRecord,
    DeviceTokenRecord,
    DeviceTokenRequest,
    LoginRecord,
    LoginWays,
    decode,
    encode,
)

__all__ = ["device_login", "issuer_of"]

_LOGIN = f"{API}/login"


def issuer_of(transport: Transport) -> str | None:
    """Return the issuer at which one logs in to a service; None where it names none."""
    try:
        return decode(LoginWays, transport.json("GET", _LOGIN)).issuer
    except (ParkError, TypeError):  # of an earlier park, or not there: whoever asks next is told
        return None


def device_login(
    transport: Transport,
    tell: Callable[[str], object],
    note: str,
    *,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], object] = time.sleep,
) -> LoginRecord:
    """Begin a login, ``tell`` where it is finished, and return it once it is.

    Raises `NotAuthenticated` where that was refused, or nobody did it in time.
    """
    begun = decode(DeviceLoginRecord, transport.json("POST", f"{_LOGIN}/device", json={}))
    tell(f"open {begun.uri_complete or begun.uri} in a browser, on any machine")
    tell(f"and enter the code {begun.user_code}; waiting (Ctrl-C ends that)")
    ends, interval_s = clock() + begun.expires_s, begun.interval_s
    request = encode(DeviceTokenRequest(handle=begun.handle, note=note))
    while clock() < ends:
        pause(interval_s)
        answer = transport.json("POST", f"{_LOGIN}/device/token", json=request)
        said = decode(DeviceTokenRecord, answer)
        if said.login is not None:
            return said.login
        interval_s = said.interval_s
    raise NotAuthenticated("nobody finished the login in time", hint="park login")
