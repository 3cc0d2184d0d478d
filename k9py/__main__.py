"""``python -m k9py`` and the ``k9py`` command."""

from __future__ import annotations

from k9py.cli.main import run_as_program as main

if __name__ == "__main__":
    main()
