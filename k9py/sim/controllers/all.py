"""Starting every control loop."""

from __future__ import annotations

from dataclasses import dataclass

from k9py.sim.controllers.cluster import Cluster
from k9py.sim.controllers.cronjob import CronJobs
from k9py.sim.controllers.daemonset import DaemonSets
from k9py.sim.controllers.deployment import Deployments
from k9py.sim.controllers.housekeeping import Budgets, Namespaces, NodeLifecycle, Quotas
from k9py.sim.controllers.hpa import Autoscalers
from k9py.sim.controllers.job import Jobs
from k9py.sim.controllers.network import Network
from k9py.sim.controllers.replicaset import ReplicaSets
from k9py.sim.controllers.scheduler import Scheduler
from k9py.sim.controllers.statefulset import StatefulSets
from k9py.sim.controllers.volumes import Volumes
from k9py.sim.metrics import Meter


@dataclass(frozen=True, slots=True)
class Controllers:
    """The loops somebody else talks to; the others only listen to the store."""

    autoscalers: Autoscalers
    nodes: NodeLifecycle


def start_controllers(cluster: Cluster, meter: Meter) -> Controllers:
    """Start the loops; the order they are made in is the order their queues are served in."""
    for loop in (Namespaces, Deployments, ReplicaSets, StatefulSets, DaemonSets, CronJobs, Jobs, Volumes):
        loop(cluster)
    Scheduler(cluster)
    Network(cluster)
    Quotas(cluster)
    Budgets(cluster)
    return Controllers(Autoscalers(cluster, meter), NodeLifecycle(cluster))
