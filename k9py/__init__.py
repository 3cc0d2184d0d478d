"""Run Kubernetes from a terminal: a TUI, headless verbs, and the libraries under them."""

__version__ = "0.1.0"
