"""An object that joins a workload on one form: called after it, and about its pods and its ports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k9py.manifests.forms.following import POD_SPECS, pod_labels
from k9py.manifests.forms.model import FormModel
from k9py.manifests.forms.paths import get

_TARGETING = ("HorizontalPodAutoscaler", "VerticalPodAutoscaler")
_OF_PODS = ("Service", "PodDisruptionBudget")


def workload_of(models: Iterable[FormModel]) -> FormModel | None:
    """Return the first workload of a form that has a name."""
    return next((model for model in models if model.form.kind in POD_SPECS and _name(model)), None)


def name_beside(model: FormModel | None, kind: str) -> str:
    """Return what something new is called: as the workload that it is about, else as its kind."""
    if model is None or kind not in (*_TARGETING, *_OF_PODS, "Ingress"):
        return kind.lower()
    return _name(model)


def join(new: FormModel, workload: FormModel | None) -> None:
    """Fill in of something new what its workload says."""
    if workload is None:
        return
    kind = new.form.kind
    if kind in _TARGETING and workload.form.kind not in ("Pod", "Job", "CronJob"):
        new.set("target", f"{workload.form.kind.lower()}/{_name(workload)}")
    elif kind in _OF_PODS and (labels := pod_labels(workload.value)):
        app = {"app": labels["app"]} if "app" in labels else labels
        spec = dict(new.value.get("spec") or {})
        if kind == "Service":
            spec |= {"selector": app, "ports": _ports(workload)}
        else:
            spec["selector"] = {"matchLabels": app}
        new.replace({**new.value, "spec": {key: value for key, value in spec.items() if value}})


def _name(model: FormModel) -> str:
    return str(get(model.value, ("metadata", "name")) or "")


def _ports(workload: FormModel) -> list[dict[str, Any]]:
    """Return the ports of the first container, as a Service has them."""
    containers = get(workload.value, (*POD_SPECS[workload.form.kind], "containers"))
    first = containers[0] if isinstance(containers, list) and containers else {}
    found = (first.get("ports") if isinstance(first, dict) else None) or ()
    numbers = [(port["containerPort"], port.get("name")) for port in found if port.get("containerPort")]
    return [
        {**({"name": name or f"port-{number}"} if len(numbers) > 1 or name else {}), "port": number,
         "targetPort": name or number}
        for number, name in numbers
    ]  # fmt: skip
