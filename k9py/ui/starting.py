"""From the command line's wishes to the interface on the terminal."""

from __future__ import annotations

import logging
import os
import sys

from k9py.config.launch import UiOptions
from k9py.config.loading import load_settings
from k9py.config.logfile import open_log
from k9py.config.paths import Paths
from k9py.core.clock import SystemClock
from k9py.core.tasks import FailureHandler
from k9py.ui.app import K9App
from k9py.ui.connecting import KubeconfigConnector
from k9py.ui.terminal import Terminal

_LOG = logging.getLogger(__name__)


def run_ui(options: UiOptions) -> int:
    """Open the interface and return the exit status once it is left."""
    clock = SystemClock()
    paths = Paths.of(os.environ)
    settings_file = load_settings(paths, os.environ)
    settings = settings_file.settings(options.context)
    ui = settings.ui
    try:
        open_log(paths, settings.log_file)
    except OSError as error:
        logging.getLogger().addHandler(logging.NullHandler())
        _LOG.warning("no log file: %s", error)
    glyphs = "ascii" if options.ascii else ui.glyphs
    terminal = Terminal.detect(os.environ, link=ui.link, colours=ui.colours, glyphs=glyphs)
    app: K9App

    def failure_handler() -> FailureHandler:
        return app.report_failure

    connector = KubeconfigConnector(options, os.environ, paths, clock, failure_handler, settings_file)
    app = K9App(connector, settings_file, clock, options=options, paths=paths, terminal=terminal)
    app.run(mouse=ui.mouse)
    if app.fault is not None:
        sys.stderr.write(f"error: k9py failed: {app.fault} (details in {paths.log_file})\n")
        return 1
    return app.return_code or 0
