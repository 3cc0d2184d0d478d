"""What can go wrong while a test cluster is built, started or asked."""

from __future__ import annotations


class ClusterError(Exception):
    """A test cluster could not do what was asked; the message says what to do next."""
