"""The cyclic garbage collector while a program starts.

What is imported stays for good, so walking it again and again finds nothing: that is a fifth of the time until the
first rows.
"""

from __future__ import annotations

import gc


def pause() -> None:
    """Collect nothing until :func:`resume`; to be called before the heavy imports."""
    gc.disable()


def resume() -> None:
    """Collect again, without ever looking at what is there by now; does nothing where nobody paused."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def is_paused() -> bool:
    """Return whether nothing is collected."""
    return not gc.isenabled()
