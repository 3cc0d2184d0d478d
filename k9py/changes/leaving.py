"""A deletion on its way: what holds the object, who lets it go, and what it costs to do that by hand."""

from __future__ import annotations

from dataclasses import dataclass

from k9py.changes.model import Object
from k9py.changes.steps import Board, BoardState, Snapshot, Step, StepState, conditions, meta, overall


@dataclass(frozen=True, slots=True)
class Holder:
    """What a finalizer waits for, and what is left undone when somebody takes it away by hand."""

    waits: str
    todo: str
    cost: str


HOLDERS = {
    "kubernetes.io/pvc-protection": Holder(
        "until no pod uses the claim",
        "end the pods that use it",
        "pods lose a volume they are writing to",
    ),
    "kubernetes.io/pv-protection": Holder(
        "until no claim is bound to the volume",
        "delete the claim that is bound to it",
        "the claim goes on without a volume, and its data cannot be reached",
    ),
    "foregroundDeletion": Holder(
        "until everything it owns is gone",
        "look at what it owns: one of those is held in turn",
        "what it owns goes on without an owner until it is collected",
    ),
    "orphan": Holder(
        "until what it owns has lost its owner",
        "wait: the garbage collector does that",
        "what it owns is deleted too, instead of kept",
    ),
    "service.kubernetes.io/load-balancer-cleanup": Holder(
        "until its load balancer is removed",
        "look whether the cloud's controller runs, and what it says",
        "the load balancer stays, serves nobody and is paid for",
    ),
    "customresourcecleanup.apiextensions.k8s.io": Holder(
        "until every object of this kind is gone",
        "look at the objects of this kind: one of those is held in turn",
        "their data stays in the cluster's store, where nothing reaches it",
    ),
    "batch.kubernetes.io/job-tracking": Holder(
        "until its Job has counted it",
        "wait: the Job's controller does that",
        "the Job may count it wrongly and run it again",
    ),
    "external-attacher/": Holder(
        "until the volume is off its node",
        "look whether the storage driver runs, and the node too",
        "the volume may stay attached, and no other node gets it",
    ),
}
"""Kubernetes' own finalizers, by name or by its beginning."""
_STRANGER = Holder(
    "until {owner} takes it out",
    "look whether {owner} runs, and what it says",
    "whatever {owner} was to clean up first is left behind, in the cluster or outside",
)


def holder_of(finalizer: str) -> Holder:
    """Return what a finalizer waits for; of one nobody knows, its name says whose it is."""
    known = next((one for name, one in HOLDERS.items() if finalizer == name or
                  (name.endswith("/") and finalizer.startswith(name))), None)  # fmt: skip
    if known is not None:
        return known
    owner = f"the controller of {finalizer.partition('/')[0]}"
    return Holder(*(text.format(owner=owner) for text in (_STRANGER.waits, _STRANGER.todo, _STRANGER.cost)))


def finalizers_of(obj: Object) -> list[str]:
    """Return the names that have to go before an object does."""
    return [str(name) for name in meta(obj).get("finalizers") or ()]


def read_deletion(title: str, snapshot: Snapshot, *, uid: str) -> Board:
    """Return where a deletion stands."""
    steps = [Step("applied", StepState.DONE, "the server took the deletion")]
    obj = snapshot.object
    if obj is None or meta(obj).get("uid") != uid:
        return Board(title, (*steps, Step("gone", StepState.DONE, "it is gone")), BoardState.CONVERGED)
    names = finalizers_of(obj)
    said = [f"{name}: {holder_of(name).waits}" for name in names]
    if obj.get("kind") == "Namespace":
        said += [
            str(one["message"]) for one in conditions(obj)
            if one.get("status") == "True" and one.get("message") and str(one.get("type")).startswith("Namespace")
        ]  # fmt: skip
    if names:
        gone = Step("gone", StepState.BLOCKED, f"waits for {', '.join(names)}", tuple(said), finalizers=tuple(names))
    elif said:
        gone = Step("gone", StepState.RUNNING, "waits for what is in it", tuple(said))
    else:
        gone = Step("gone", StepState.RUNNING, "it is being stopped")
    return Board(title, (*steps, gone), overall([gone]))
