"""What kubelet, runtime, registry and scheduler say, cut down to the words that matter: the cause first, once.

Their messages wrap one another and repeat a name up to four times, so that on two lines the cause is what is cut.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from k9py.kube.happenings import Happening

_MISSING = re.compile(r"not found|manifest unknown|does not exist|no such image")
_DENIED = re.compile(r"unauthorized|denied|forbidden|authorization failed|\b40[13]\b")
_LIMITED = re.compile(r"toomanyrequests|\b429\b")

_EXITS = {
    126: "its command is not executable",
    127: "its command was not found",
    134: "aborted",
    137: "killed",
    139: "segmentation fault",
    143: "told to end",
}
"""What shells and kernels mean by an exit code; 128 and a signal's number is an end by that signal."""

KILLED = frozenset({0, 137, 143})
"""Exit codes of a container that was ended from outside, as one whose liveness probe fails is."""

_IMAGE = re.compile(r'image "([^"]+)"')
_NODES = re.compile(r"^0/(\d+) nodes are available: ?")
_NEEDLESS = re.compile(r"\.? *(?:no new claims to deallocate,? *)?(?:preemption: .*)?$", re.DOTALL)
_UNBOUND = re.compile(r"(?:\d+ )?pod has unbound immediate PersistentVolumeClaims(?:\. not found)?")
_TERMS = (
    (re.compile(r"node\(s\) "), ""),
    (re.compile(r"Insufficient "), "lack "),
    (re.compile(r"\bwere unschedulable\b"), "cordoned"),
    (re.compile(r"\bdidn't match Pod's node affinity/selector\b"), "outside its node selector"),
    (re.compile(r"\bhad untolerated taint\(s\)"), "with untolerated taints"),
    (re.compile(r"\bhad untolerated taint\b"), "with untolerated taint"),
)
"""The scheduler's words, and shorter ones."""
_MOUNT = re.compile(r'^MountVolume\.\w+ failed for volume "([^"]+)" ?: ')
_FORBIDDEN = re.compile(r'^(?:Error creating: )?[a-z.]+ "[^"]*" is forbidden: ')


def exit_text(code: int) -> str:
    """Return an exit code with what it means, where that is known."""
    meaning = _EXITS.get(code, "")
    return f"exit code {code} ({meaning})" if meaning else f"exit code {code}"


def image_of(message: str) -> str:
    """Return the image a message is about, empty when it names none."""
    found = _IMAGE.search(message)
    return found.group(1) if found else ""


def image_text(reason: str, image: str, evidence: str) -> str:
    """Return why an image cannot be had, as far as ``evidence`` (what kubelet and registry said) tells."""
    named = f"the image {image}" if image else "its image"
    said = (evidence.replace(image, "") if image else evidence).lower()  # a tag may be 403 as well
    if reason == "InvalidImageName":
        why = evidence.rpartition("invalid reference format: ")[2] if "invalid reference format: " in evidence else ""
        return f"the image name {image or 'given'} is not valid{f': {why}' if why else ''}"
    if reason == "ErrImageNeverPull":
        return f"{named} is not on the node, and its pull policy is Never"
    missing, denied, limited = (signs.search(said) for signs in (_MISSING, _DENIED, _LIMITED))
    if missing and denied:  # what Docker Hub says of any name it does not have
        return f"{named} does not exist, or its registry wants credentials"
    if missing:
        return f"{named} was not found"
    if limited:
        return f"the registry allows no more pulls for now (429), so {named} is missing"
    if denied:
        return f"the registry does not give out {named}: credentials are missing or wrong"
    why = _innermost(evidence, image)
    return f"{named} cannot be pulled{f': {why}' if why else ''}"


def _innermost(evidence: str, image: str) -> str:
    """Return what the registry's client said, without the calls around it that name the image again and again."""
    if "desc = " not in evidence and "ErrImagePull: " not in evidence:
        return ""
    inner = evidence.rpartition("desc = ")[2].rpartition("ErrImagePull: ")[2]
    if image:
        inner = inner.rpartition(f'"{image}": ')[2]
    return inner.strip()


def start_text(message: str) -> str:
    """Return why a container's process could not be started, without the runtimes' layers around it."""
    inner = message.rpartition("error during container init: ")[2]
    inner = inner.rpartition("container process: ")[2]
    return inner.removesuffix(": unknown").strip()


def scheduling_text(message: str) -> str:
    """Return why no node takes a pod: the scheduler's counts without its preamble and without preemption."""
    nodes = _NODES.match(message)
    if nodes is None:
        return f"no node takes the pod: {message}" if message else "no node takes the pod"
    why = _NEEDLESS.sub("", message[nodes.end() :])
    if _UNBOUND.fullmatch(why.strip()):
        return "it waits for the volumes it claims"
    why = _UNBOUND.sub("it has claims without a volume", why).strip()
    for term, short in _TERMS:
        why = term.sub(short, why)
    return f"none of {nodes.group(1)} nodes takes the pod{f': {why}' if why else ''}"


def refusal_text(message: str) -> str:
    """Return why pods are refused, without the name of the one that was tried."""
    return _FORBIDDEN.sub("", message)


def newest_warning(events: Sequence[Happening], *openings: str) -> str:
    """Return the newest warning that begins with one of the openings, or any without them; empty when none does.

    Of two that were last seen together, the one that says more is taken: a kubelet that fails to pull an image says so
    in full, and adds ``Error: ErrImagePull`` in the same second.
    """
    warnings = [one for one in events if one.type == "Warning" and one.message.startswith(openings or ("",))]
    newest = max((one.last for one in warnings), default=0.0)
    last = [" ".join(one.message.split()) for one in warnings if one.last == newest]
    return _MOUNT.sub(r"volume \1: ", max(last, key=len, default=""))
