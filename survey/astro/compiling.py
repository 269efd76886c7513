"""How the kernels of this floor are compiled, and how their caches stay honest."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from types import CodeType, ModuleType
from typing import Any, Final, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

# IEEE arithmetic but for fused multiply-adds and the sign of zero; NaN and infinity keep their
# meaning, because a cell that cannot be solved is told from the others by them.
_ARITHMETIC: Final[dict[str, Any]] = {"error_model": "numpy", "fastmath": {"contract", "nsz"}}

INLINED: Final[dict[str, Any]] = {**_ARITHMETIC, "forceinline": True}
"""For the pieces of a loop body: inlined, so that LLVM sees one loop and makes it SIMD."""

KERNEL: Final[dict[str, Any]] = {**_ARITHMETIC, "nogil": True}
"""For loops: callable from threads, compiled into whichever entry calls them."""

ENTRY: Final[dict[str, Any]] = {**KERNEL, "cache": True}
"""For what Python calls: machine code kept on disk between runs."""

_F = TypeVar("_F", bound=Callable[..., Any])


def inlined(function: _F) -> _F:
    """Compile as `INLINED` says; to a type checker the signature stays as written."""
    return cast(_F, njit(**INLINED)(function))


def kernel(function: _F) -> _F:
    """Compile as `KERNEL` says."""
    return cast(_F, njit(**KERNEL)(function))


def entry(function: _F) -> _F:
    """Compile as `ENTRY` says."""
    return cast(_F, njit(**ENTRY)(function))


def frozen(values: ArrayLike, dtype: type[np.generic] = np.float64) -> NDArray[Any]:
    """Return a read-only, C-contiguous view or copy: the one kind of array entries compile for.

    Otherwise a caller's read-only array would have the entry compiled a second time.
    """
    array = np.ascontiguousarray(values, dtype=dtype).view()
    array.flags.writeable = False
    return array


def fingerprint(*modules: ModuleType) -> int:
    """Checksum of everything compiled into an entry from other modules.

    Numba's cache notices a change in the file of the entry itself, but not in the files of the
    functions that were inlined into it. Its index does cover the values of closure variables, so
    an entry that closes over this number is compiled anew when any of `modules` changes.

    Parameters
    ----------
    *modules : module
        Modules whose functions and numbers the entry uses.

    Returns
    -------
    int
        CRC-32 of the byte code, the names and constants in it, and the numbers of the modules,
        the same in every process.
    """
    crc = 0
    for module in modules:
        for name, value in sorted(vars(module).items()):
            function = getattr(value, "py_func", value)
            code = getattr(function, "__code__", None)
            if isinstance(code, CodeType):
                crc = zlib.crc32(f"{name}{_spell(code)}".encode(), crc)
            elif (name.startswith("_") and not name.startswith("__")) or name.isupper():
                text = value.tolist() if hasattr(value, "tolist") else value
                if isinstance(text, (int, float, tuple, list)):
                    crc = zlib.crc32(f"{name}{text!r}".encode(), crc)
    return crc


def _spell(code: CodeType) -> str:
    """Write down what a function does, but not where in memory inner functions lie."""
    constants = (_spell(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts)
    return f"{code.co_code!r}{code.co_names}{''.join(constants)}"
