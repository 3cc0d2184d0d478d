"""What comes of a write of anything without pods of its own: a Service's addresses, a claim's volume, an autoscaler."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from k9py.changes.blocking import Blocked, pod_trouble, warnings_of
from k9py.changes.model import Object
from k9py.changes.standing import probes_text
from k9py.changes.steps import Snapshot, Step, StepState, condition, meta
from k9py.core.ages import time_or_zero

NO_PROVISIONER = "kubernetes.io/no-provisioner"
"""Provisioner of the classes whose volumes somebody makes by hand."""
METRICS_WITHIN = 90.0
"""Seconds new pods may be without metrics: they are measured up to once a minute, and looked at every 15 s."""
_NO_REQUEST = "missing request"


def selects(service: Object, pod: Object) -> bool:
    """Return whether a Service sends to a pod."""
    selector = (service.get("spec") or {}).get("selector") or {}
    labels = meta(pod).get("labels") or {}
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def endpoints_step(services: Sequence[Object], snapshot: Snapshot, *, of_workload: bool = False) -> Step | None:
    """Return whether Services reach pods; ``of_workload`` when the pods have steps of their own before it."""
    reached = [_reached(one, snapshot) for one in services if (one.get("spec") or {}).get("selector")]
    if not reached:
        return None
    text = "; ".join(one[0] for one in reached)
    if all(done for _, done, _, _ in reached):
        return Step("endpoints", StepState.DONE, text)
    evidence = tuple(said for _, _, said, _ in reached if said)
    trouble = next((found for _, _, _, found in reached if found is not None), None)
    if of_workload:
        return Step("endpoints", StepState.WAITING, text, evidence)
    if trouble is None:
        return Step("endpoints", StepState.RUNNING, text, evidence)
    return Step("endpoints", StepState.BLOCKED, text, evidence, trouble[0], trouble[1])


def _reached(service: Object, snapshot: Snapshot) -> tuple[str, bool, str, tuple[str, str] | None]:
    """Return what a Service reaches in words, whether that is enough, why not, and the pod and container in the way."""
    name = str(meta(service).get("name"))
    mine = [s for s in snapshot.slices if (meta(s).get("labels") or {}).get("kubernetes.io/service-name") == name]
    addresses = [end for one in mine for end in one.get("endpoints") or ()]
    ready = sum(1 for end in addresses if (end.get("conditions") or {}).get("ready") is not False)
    text = f"{name} has {ready} ready address{'es' if ready != 1 else ''}"
    if ready:
        return text, True, "", None
    pods = [pod for pod in snapshot.pods if selects(service, pod) and not meta(pod).get("deletionTimestamp")]
    if not pods:
        chosen = ",".join(f"{key}={value}" for key, value in service["spec"]["selector"].items())
        return text, False, f"{name} selects {chosen}, and no pod has these labels", ("", "")
    found = next(((pod, one) for pod in pods if (one := pod_trouble(pod, snapshot.events, snapshot.now))), None)
    if found is None:
        count = "its pod is" if len(pods) == 1 else f"{len(pods)} pods are"
        return text, False, f"{count} not ready yet", None
    return text, False, found[1].text, _place(*found)


def _place(pod: Object, trouble: Blocked) -> tuple[str, str]:
    return str(meta(pod).get("name")), trouble.container


def service_steps(obj: Object, snapshot: Snapshot) -> list[Step]:
    """Return whether a Service reaches pods, whether they answer, and where it is reached from outside."""
    spec = obj.get("spec") or {}
    if spec.get("type") == "ExternalName":
        return [Step("endpoints", StepState.SKIPPED, f"it answers with the name {spec.get('externalName')}")]
    if not spec.get("selector"):
        steps = [Step("endpoints", StepState.SKIPPED, "it selects no pods: its addresses are made by hand")]
    else:
        steps = [step for step in [endpoints_step([obj], snapshot)] if step]
    chosen = [pod for pod in snapshot.pods if selects(obj, pod) and not meta(pod).get("deletionTimestamp")]
    if chosen:
        steps.append(answering_step(chosen, 1))
    if (obj.get("spec") or {}).get("type") == "LoadBalancer":
        steps.append(_address_step(obj, "its external address is still to come"))
    return steps


def answering_step(pods: Sequence[Object], wanted: int) -> Step:
    """Return whether pods answer those who ask them: their nodes, by the readiness probe."""
    asked = probes_text(pods)
    if not asked:
        return Step("answering", StepState.SKIPPED, "nobody asks whether it answers: there is no readiness probe")
    ready = sum(1 for pod in pods if condition(pod, "Ready").get("status") == "True")
    if ready >= wanted:
        return Step("answering", StepState.DONE, f"{'it answers' if wanted == 1 else f'{ready} answer'} {asked}")
    return Step("answering", StepState.WAITING, f"asked for {asked}")


def ingress_steps(obj: Object, snapshot: Snapshot) -> list[Step]:
    """Return where the requests an Ingress takes would go, and where it takes them."""
    names = _backends(obj)
    there = {str(meta(one).get("name")): one for one in snapshot.services}
    missing = tuple(f"there is no Service {name}" for name in names if name not in there)
    if missing:
        steps = [Step("endpoints", StepState.BLOCKED, "what it leads to is not there", missing)]
    else:
        found = endpoints_step([there[name] for name in names], snapshot)
        steps = [found] if found else []
    return [*steps, _address_step(obj, "no controller has given it an address yet")]


def _backends(obj: Object) -> list[str]:
    """Return the Services an Ingress leads to, each once."""
    spec = obj.get("spec") or {}
    paths = [path for rule in spec.get("rules") or () for path in (rule.get("http") or {}).get("paths") or ()]
    backends = [spec.get("defaultBackend") or {}, *(path.get("backend") or {} for path in paths)]
    names = [str((one.get("service") or {}).get("name") or "") for one in backends]
    return [name for name in dict.fromkeys(names) if name]


def _address_step(obj: Object, waits: str) -> Step:
    given = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    places = [str(one.get("hostname") or one.get("ip")) for one in given]
    if places:
        return Step("address", StepState.DONE, f"reached at {', '.join(places)}")
    # Not waited for: many clusters have nobody who gives one.
    return Step("address", StepState.SKIPPED, waits)


def _claim_step(obj: Object, snapshot: Snapshot) -> Step:
    phase = str((obj.get("status") or {}).get("phase") or "Pending")
    if phase == "Bound":
        return Step("bound", StepState.DONE, f"bound to volume {(obj.get('spec') or {}).get('volumeName')}")
    if phase == "Lost":
        return Step("bound", StepState.BLOCKED, "its volume is lost")
    said = warnings_of(snapshot.events, obj, reasons=("ProvisioningFailed", "FailedBinding"))
    if said:
        return Step("bound", StepState.BLOCKED, "no volume for it", tuple(said))
    kind = snapshot.storage_class or {}
    if kind.get("volumeBindingMode") == "Immediate" and kind.get("provisioner") != NO_PROVISIONER:
        return Step("bound", StepState.RUNNING, f"storage class {meta(kind).get('name')} makes a volume")
    if kind.get("volumeBindingMode") == "WaitForFirstConsumer":
        text = f"storage class {meta(kind).get('name')} makes a volume for the first pod that uses it"
        return Step("bound", StepState.SKIPPED, text)
    # Most storage classes bind a claim only when a pod uses it, so waiting is the good end of making one.
    return Step("bound", StepState.SKIPPED, "waits for a volume, or for the first pod that uses it")


def _space_step(obj: Object, _snapshot: Snapshot) -> Step:
    active = (obj.get("status") or {}).get("phase") == "Active"
    return Step("active", StepState.DONE if active else StepState.RUNNING, "active" if active else "being made")


def _definition_step(obj: Object, _snapshot: Snapshot) -> Step:
    named, ready = condition(obj, "NamesAccepted"), condition(obj, "Established")
    if named.get("status") == "False":
        return Step("active", StepState.BLOCKED, "its names are not accepted", (str(named.get("message")),))
    if ready.get("status") == "True":
        return Step("active", StepState.DONE, "the server serves it")
    return Step("active", StepState.RUNNING, "the server takes it up")


def _autoscaler_step(obj: Object, snapshot: Snapshot) -> Step:
    for name in ("AbleToScale", "ScalingActive"):
        found = condition(obj, name)
        if found.get("status") == "False" and found.get("reason") != "ScalingDisabled":
            said = (str(found.get("message")),)
            if _is_early(obj, found, snapshot.now):
                return Step("active", StepState.RUNNING, "its pods are not measured yet", said)
            return Step("active", StepState.BLOCKED, "it cannot scale", said)
    if condition(obj, "ScalingActive").get("reason") == "ScalingDisabled":
        return Step("active", StepState.SKIPPED, "its target has 0 replicas: it sets none until somebody sets one")
    if condition(obj, "ScalingActive").get("status") == "True":
        return Step("active", StepState.DONE, "it reads its metrics")
    return Step("active", StepState.RUNNING, "it has not read its metrics yet")


def _is_early(obj: Object, found: Mapping[str, Any], now: float) -> bool:
    """Return whether metrics are missing that may still come: those of pods that just started."""
    late = not str(found.get("reason")).endswith("Metric") or _NO_REQUEST in str(found.get("message"))
    made = time_or_zero(meta(obj).get("creationTimestamp"))
    return not late and now - max(made, time_or_zero(found.get("lastTransitionTime"))) < METRICS_WITHIN


SINGLE: dict[str, Callable[[Object, Snapshot], Step]] = {
    "PersistentVolumeClaim": _claim_step,
    "Namespace": _space_step,
    "CustomResourceDefinition": _definition_step,
    "HorizontalPodAutoscaler": _autoscaler_step,
}
"""Kinds that have one step, by which function it is read."""
