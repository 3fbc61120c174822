"""System calls that no job needs, refused with EPERM: a filter that the kernel asks at each call.

See seccomp(2). What reaches into other processes, into the kernel or past its files is refused from
the start; namespaces and mounts are once those of the job have been made. A filter is for
this process and all that it starts, is never taken off, and costs some nanoseconds a call.
"""

from __future__ import annotations

import os
import struct

from .kernel import prctl

__all__ = ["KERNEL", "NAMESPACES", "Filter", "is_available", "program", "refuse"]

TYPE_CHECKING = False  # `typing` costs milliseconds at the start of each fork server
if TYPE_CHECKING:
    from collections.abc import Mapping

KERNEL, NAMESPACES = "kernel", "namespaces"
"""What is refused: what reaches others and the kernel; what makes mounts and namespaces."""

# <linux/audit.h>, <linux/seccomp.h>, <linux/filter.h>, <linux/prctl.h>
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_PR_GET_SECCOMP, _PR_SET_SECCOMP, _MODE_FILTER = 21, 22, 2
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
"""Where they are in ``struct seccomp_data``; of an argument the lower half, as both are
little-endian."""

_EPERM, _ENOSYS = 1, 38

_X32 = 0x40000000
"""The bit of calls of the x32 ABI, which have numbers of their own on x86_64."""

_SAME: Mapping[str, Mapping[str, int]] = {
    KERNEL: {"io_uring_setup": 425, "quotactl_fd": 443},
    NAMESPACES: {
        "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432,
        "fspick": 433, "mount_setattr": 442, "open_tree_attr": 467,
    },
}  # fmt: skip
"""Calls with the same number everywhere."""

_OWN: Mapping[str, Mapping[str, Mapping[str, int]]] = {
    "x86_64": {
        KERNEL: {
            "acct": 163, "add_key": 248, "bpf": 321, "delete_module": 176, "finit_module": 313,
            "init_module": 175, "ioperm": 173, "iopl": 172, "kexec_file_load": 320,
            "kexec_load": 246, "keyctl": 250, "open_by_handle_at": 304, "perf_event_open": 298,
            "quotactl": 179, "reboot": 169, "request_key": 249, "swapoff": 168, "swapon": 167,
            "userfaultfd": 323,
        },
        NAMESPACES: {
            "chroot": 161, "mount": 165, "pivot_root": 155, "setns": 308, "umount2": 166,
            "unshare": 272,
        },
    },
    "aarch64": {
        KERNEL: {
            "acct": 89, "add_key": 217, "bpf": 280, "delete_module": 106, "finit_module": 273,
            "init_module": 105, "kexec_file_load": 294, "kexec_load": 104, "keyctl": 219,
            "open_by_handle_at": 265, "perf_event_open": 241, "quotactl": 60, "reboot": 142,
            "request_key": 218, "swapoff": 225, "swapon": 224, "userfaultfd": 282,
        },
        NAMESPACES: {
            "chroot": 51, "mount": 40, "pivot_root": 41, "setns": 268, "umount2": 39, "unshare": 97,
        },
    },
}  # fmt: skip
"""<asm/unistd.h> of each architecture."""

_PTRACE = {"x86_64": 101, "aarch64": 117}
_ATTACHES = (16, 0x4206)
"""PTRACE_ATTACH and PTRACE_SEIZE. Whoever asks to be traced by his parent (strace, gdb) may be."""

_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
"""Its flags are in memory, where a filter does not look: the C library falls back to clone."""

_SOCKET = {"x86_64": 41, "aarch64": 198}
_VSOCK = 40
"""AF_VSOCK reaches the host of a virtual machine, whatever network there is or is not."""

_NEW_NAMESPACES = 0x7E020000
"""CLONE_NEWNS, -NEWCGROUP, -NEWUTS, -NEWIPC, -NEWUSER, -NEWPID and -NEWNET of <sched.h>."""


def program(kind: str, machine: str | None = None) -> bytes | None:
    """Return the filter that refuses ``kind``; None for an architecture that is not known."""
    machine = machine or os.uname().machine
    if machine not in _ARCHITECTURES:
        return None
    lines = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        # programs for another architecture (i386) would have other numbers
        (_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _ERROR | _EPERM),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        lines += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _ERROR | _EPERM)]
    for number in sorted({**_SAME[kind], **_OWN[machine][kind]}.values()):
        lines += _refused(number)
    if kind == KERNEL:
        lines += _refused_for(_PTRACE[machine], [(_EQUAL, each) for each in _ATTACHES])
        lines += _refused_for(_SOCKET[machine], [(_EQUAL, _VSOCK)])
    else:
        lines += _refused(_CLONE3, _ENOSYS)
        lines += _refused_for(_CLONE[machine], [(_ANY_BIT, _NEW_NAMESPACES)])
    lines.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("<HBBI", *line) for line in lines)


_Line = tuple[int, int, int, int]
"""Of a filter: what to do, how many lines to jump where it is so, where it is not, a value."""


def _refused(number: int, error: int = _EPERM) -> list[_Line]:
    return [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERROR | error)]


def _refused_for(number: int, tests: list[tuple[int, int]]) -> list[_Line]:
    """Refuse a call whose first argument passes one of ``tests``."""
    inside: list[_Line] = [(_LOAD, 0, 0, _FIRST_ARGUMENT)]
    for code, value in tests:
        inside += [(code, 0, 1, value), (_RETURN, 0, 0, _ERROR | _EPERM)]
    inside.append((_RETURN, 0, 0, _ALLOW))
    return [(_EQUAL, 0, len(inside), number), *inside]


def is_available() -> bool:
    """Tell whether this kernel and this architecture have filters."""
    try:
        prctl(_PR_GET_SECCOMP)
    except (OSError, ImportError, AttributeError):
        return False
    return os.uname().machine in _ARCHITECTURES


class Filter:
    """A program of `program` as the kernel takes it; made once, for all who will follow it."""

    def __init__(self, code: bytes) -> None:
        import ctypes

        self._code = ctypes.create_string_buffer(code, len(code))
        size = struct.calcsize("HBBI")
        # struct sock_fprog: how many lines, and where
        fields = struct.pack("@HP", len(code) // size, ctypes.addressof(self._code))
        self._header = ctypes.create_string_buffer(fields)
        self.address = ctypes.addressof(self._header)


def refuse(code: bytes | Filter | None) -> None:
    """Have the kernel follow the filter ``code`` from now on; nothing for None.

    The process can gain no more rights (see `gain_nothing`). Raises `OSError`.
    """
    if code is not None:
        held = code if isinstance(code, Filter) else Filter(code)
        prctl(_PR_SET_SECCOMP, _MODE_FILTER, held.address)
