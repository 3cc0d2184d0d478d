"""What fills the cells of each built-in kind's Table: the rules a real server prints by, checked against one."""

from __future__ import annotations

from k9py.sim.printers import cluster, events, network, pods, policies, storage, workloads
from k9py.sim.printers.texts import Printer, default_cells

PRINTERS: dict[str, Printer] = {
    **pods.PRINTERS,
    **workloads.PRINTERS,
    **network.PRINTERS,
    **storage.PRINTERS,
    **cluster.PRINTERS,
    **events.PRINTERS,
    **policies.PRINTERS,
}
"""By resource id; a kind that is not here prints name and creation time."""

__all__ = ["PRINTERS", "default_cells"]
