"""`park.runtime.cage.system_calls`: what is refused, what goes on, on which architecture."""

from __future__ import annotations

import platform
import struct
from typing import TYPE_CHECKING

import pytest
from support.faults.caged import ran_in_cage

from park.runtime.cage import system_calls
from park.runtime.cage.system_calls import KERNEL, NAMESPACES, program

if TYPE_CHECKING:
    from pathlib import Path

ALLOWED, EPERM, ENOSYS = 0x7FFF0000, 0x50001, 0x50026
X86, ARM = 0xC000003E, 0xC00000B7


def answered(code: bytes, number: int, first: int = 0, architecture: int = X86) -> int:
    """Return what the kernel would answer: an interpreter of the few instructions that are used."""
    lines = list(struct.iter_unpack("<HBBI", code))
    data = {0: number, 4: architecture, 16: first}
    at = loaded = 0
    while True:
        what, so, otherwise, value = lines[at]
        at += 1
        if what == 0x20:
            loaded = data[value]
        elif what == 0x06:
            return int(value)
        else:
            holds = {0x15: loaded == value, 0x35: loaded >= value, 0x45: bool(loaded & value)}
            at += so if holds[what] else otherwise


@pytest.mark.parametrize(
    ("machine", "kind", "call", "expected"),
    [
        ("x86_64", KERNEL, (321, 0, X86), EPERM),  # bpf
        ("x86_64", KERNEL, (250, 0, X86), EPERM),  # keyctl
        ("x86_64", KERNEL, (0, 0, X86), ALLOWED),  # read
        ("x86_64", KERNEL, (101, 16, X86), EPERM),  # PTRACE_ATTACH
        ("x86_64", KERNEL, (101, 0x4206, X86), EPERM),  # PTRACE_SEIZE
        ("x86_64", KERNEL, (101, 0, X86), ALLOWED),  # PTRACE_TRACEME
        ("x86_64", KERNEL, (165, 0, X86), ALLOWED),  # mount, which the cage itself still needs
        ("x86_64", KERNEL, (0x40000000 | 321, 0, X86), EPERM),  # the same by x32
        ("x86_64", KERNEL, (3, 0, 0x40000003), EPERM),  # a program of i386
        ("x86_64", NAMESPACES, (165, 0, X86), EPERM),
        ("x86_64", NAMESPACES, (272, 0, X86), EPERM),  # unshare
        ("x86_64", NAMESPACES, (56, 0x10000000, X86), EPERM),  # clone into a user namespace
        ("x86_64", NAMESPACES, (56, 0x3D0F00, X86), ALLOWED),  # a thread
        ("x86_64", NAMESPACES, (435, 0, X86), ENOSYS),  # clone3
        ("x86_64", KERNEL, (41, 40, X86), EPERM),  # a socket to the host of a virtual machine
        ("x86_64", KERNEL, (41, 2, X86), ALLOWED),  # one of the network
        ("aarch64", KERNEL, (198, 40, ARM), EPERM),
        ("aarch64", KERNEL, (280, 0, ARM), EPERM),
        ("aarch64", KERNEL, (117, 16, ARM), EPERM),
        ("aarch64", KERNEL, (101, 0, ARM), ALLOWED),
        ("aarch64", NAMESPACES, (40, 0, ARM), EPERM),
        ("aarch64", NAMESPACES, (220, 0x20000, ARM), EPERM),
        ("aarch64", NAMESPACES, (0, 0, X86), EPERM),
    ],
)
def test_calls_are_told_apart(
    machine: str, kind: str, call: tuple[int, int, int], expected: int
) -> None:
    code = program(kind, machine)
    assert code is not None
    assert answered(code, *call) == expected


def test_no_filter_for_what_is_not_known() -> None:
    assert program(KERNEL, "riscv64") is None


CALLS = {"x86_64": (321, 298, 250, 323, 246), "aarch64": (280, 241, 219, 282, 104)}


@pytest.mark.skipif(platform.machine() not in CALLS, reason="has no filter")
def test_the_kernel_keeps_to_it(who: str, home: Path) -> None:
    code = f"""
import ctypes, threading
from park.runtime.cage import system_calls
def called(number):
    kernel.libc().syscall(number, 0, 0, 0, 0, 0)
    return ctypes.get_errno()
def tracer():
    child = os.fork()
    if child == 0:
        os._exit(0 if kernel.libc().ptrace(0, 0, 0, 0) == 0 else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
protect.arrange_mounts(lambda: True)
way_in.leave_powers(["alone"])
thread = threading.Thread(target=int); thread.start(); thread.join()
tell(errors=[called(n) for n in {CALLS[platform.machine()]}], trace=kernel.libc().ptrace(16, 1),
     space=tried(protect.enter_user_namespace, 0, 0), child=tracer(),
     run=subprocess.run(["true"]).returncode)
"""
    assert system_calls.is_available()
    (found,) = ran_in_cage(who, home, code)
    assert found == {
        "errors": [1] * 5,
        "trace": -1,
        "space": "Operation not permitted",
        "child": 0,
        "run": 0,
    }
