"""``python -m k9py`` and the ``k9py`` command."""

from __future__ import annotations

import signal


def main() -> None:
    """Run the program; Ctrl-C while it is still being loaded ends it without a traceback."""
    interrupts = signal.getsignal(signal.SIGINT)
    ours = interrupts is signal.default_int_handler  # a shell may have it ignored in the background
    if ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Deferred: what is loaded here must find the signal as it should be.
    from k9py.cli.main import run_as_program

    if ours:
        signal.signal(signal.SIGINT, interrupts)
    run_as_program()


if __name__ == "__main__":
    main()
