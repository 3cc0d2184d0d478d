"""Forms of Namespace, ConfigMap, Secret, PersistentVolume and PersistentVolumeClaim."""

from __future__ import annotations

from typing import Any

from k9py.core.encoded import Binary, decoded, encoded
from k9py.manifests.forms.common import choice, identity, switch
from k9py.manifests.forms.fields import Codec, Field, Form, Group, Input, Preset, When
from k9py.manifests.rules.storage import ACCESS_MODES

_ENFORCE = 'metadata.labels["pod-security.kubernetes.io/{}"]'
SECURITY_LEVELS = ("privileged", "baseline", "restricted")


def _plain(_name: str) -> dict[str, Any]:
    return {"metadata": {}}


def _config_map(_name: str) -> dict[str, Any]:
    return {"metadata": {}, "data": {}}


def _secret(_name: str) -> dict[str, Any]:
    return {"metadata": {}, "type": "Opaque"}


def _read_secret(value: Any) -> Any:
    """Show text for base64 that is text, key by key; any other value stands as a word that carries it."""
    if not isinstance(value, dict):
        return value
    texts = {key: decoded(one) for key, one in value.items()}
    return {key: Binary.of(value[key]) if text is None else text for key, text in texts.items()}


def _write_secret(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: one.encoded if isinstance(one, Binary) else encoded(str(one)) for key, one in value.items()}


DECODED = Codec(_read_secret, _write_secret)
"""Base64 in the object, text for people; binary values are left as they are."""


def _read_binary(value: Any) -> Any:
    return {key: Binary.of(one) for key, one in value.items()} if isinstance(value, dict) else value


def _write_binary(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: one.encoded if isinstance(one, Binary) else one for key, one in value.items()}


BINARY = Codec(_read_binary, _write_binary)
"""Base64 as it is typed, a word for what is there."""

NAMESPACE = Form(
    "Namespace", "v1", "a place of its own for names, rights and quotas",
    (
        identity(namespaced=False),
        Group("security", "Pod security", (
            choice("enforce", _ENFORCE.format("enforce"), "Refuse", "pods below this level", *SECURITY_LEVELS,
                   basic=True),
            choice("warn", _ENFORCE.format("warn"), "Warn of", "pods below this level", *SECURITY_LEVELS),
            choice("audit", _ENFORCE.format("audit"), "Note in the audit log", "pods below this level",
                   *SECURITY_LEVELS),
        )),
    ),
    _plain, namespaced=False,
)  # fmt: skip

CONFIG_MAP = Form(
    "ConfigMap", "v1", "settings for pods, as variables or files",
    (
        identity(),
        Group("data", "Data", (
            Field("data", "data", "Values", "texts by key; a key can be a file's name", Input.MAP),
            Field("binaryData", "binaryData", "Binary values", "base64 by key", Input.MAP, basic=False, codec=BINARY),
            switch("immutable", "immutable", "Fixed", "nobody can change it any more"),
        )),
    ),
    _config_map,
)  # fmt: skip

_TYPES = ("Opaque", "kubernetes.io/tls", "kubernetes.io/dockerconfigjson", "kubernetes.io/basic-auth",
          "kubernetes.io/ssh-auth")  # fmt: skip
_TLS = When("type", ("kubernetes.io/tls",))
_REGISTRY = When("type", ("kubernetes.io/dockerconfigjson",))
_BASIC = When("type", ("kubernetes.io/basic-auth",))

SECRET = Form(
    "Secret", "v1", "values that not everybody may read",
    (
        identity(),
        Group("secret", "Secret", (
            choice("type", "type", "Type", "what it is for; decides which keys it needs", *_TYPES, basic=True,
                   default="Opaque"),
            Field("data", "stringData", "Values", "texts by key, encoded for you", Input.SECRET),
            Field("encoded", "data", "Encoded values", "base64 in the YAML; texts are shown decoded", Input.SECRET,
                  basic=False, codec=DECODED),
            Field("username", "stringData.username", "User", "who logs in", when=_BASIC),
            Field("password", "stringData.password", "Password", "kept out of journals and logs", when=_BASIC),
            Field("certificate", "stringData[\"tls.crt\"]", "Certificate", "PEM text, the whole chain", Input.LINES,
                  when=_TLS),
            Field("key", "stringData[\"tls.key\"]", "Key", "PEM text of the private key", Input.LINES, when=_TLS),
            Field("registry", "stringData[\".dockerconfigjson\"]", "Login", "the registry's login as JSON", Input.LINES,
                  when=_REGISTRY),
            switch("immutable", "immutable", "Fixed", "nobody can change it any more"),
        )),
    ),
    _secret,
    presets=(
        Preset("tls", "TLS certificate", {"type": "kubernetes.io/tls"}),
        Preset("registry", "Login of a registry", {"type": "kubernetes.io/dockerconfigjson"}),
        Preset("basic", "User and password", {"type": "kubernetes.io/basic-auth"}),
    ),
)  # fmt: skip

_MODES = Field("accessModes", "spec.accessModes", "Access", "who may use it at once", Input.LIST, choices=ACCESS_MODES,
               required=True)  # fmt: skip
_VOLUME_MODE = choice("volumeMode", "spec.volumeMode", "Mode", "files, or a raw device", "Filesystem", "Block",
                      default="Filesystem")  # fmt: skip


def _claim(name: str) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": name}}, "spec": {"accessModes": ["ReadWriteOnce"]}}


def _volume(_name: str) -> dict[str, Any]:
    return {"metadata": {}, "spec": {"accessModes": ["ReadWriteOnce"]}}


VOLUME = Form(
    "PersistentVolume", "v1", "a piece of storage of the cluster",
    (
        identity(namespaced=False),
        Group("volume", "Volume", (
            Field("capacity", "spec.capacity.storage", "Capacity", "such as 2Gi", Input.AMOUNT, required=True),
            _MODES,
            Field("hostPath", "spec.hostPath.path", "Host path", "a directory of the node; for one node only"),
            Field("nfsServer", "spec.nfs.server", "NFS server", "host of the share"),
            Field("nfsPath", "spec.nfs.path", "NFS path", "path of the share", when=When("spec.nfs")),
            Field("csiDriver", "spec.csi.driver", "CSI driver", "who provides it", basic=False),
            Field("csiHandle", "spec.csi.volumeHandle", "CSI volume", "its id there", basic=False,
                  when=When("spec.csi")),
            Field("storageClass", "spec.storageClassName", "Storage class", "claims of this class may bind it",
                  pick="storageclasses"),
            choice("reclaim", "spec.persistentVolumeReclaimPolicy", "Afterwards", "what becomes of the data",
                   "Retain", "Delete", "Recycle", basic=True, default="Retain"),
            _VOLUME_MODE,
            Field("mountOptions", "spec.mountOptions", "Mount options", "for mount(8)", Input.LIST, basic=False),
            Field("claimNamespace", "spec.claimRef.namespace", "Kept for, namespace", "only this claim may bind it",
                  basic=False, pick="namespaces"),
            Field("claim", "spec.claimRef.name", "Kept for, claim", "only this claim may bind it", basic=False),
        )),
    ),
    _volume, namespaced=False,
)  # fmt: skip

CLAIM = Form(
    "PersistentVolumeClaim", "v1", "storage that somebody asks for",
    (
        identity(),
        Group("claim", "Claim", (
            Field("size", "spec.resources.requests.storage", "Size", "such as 10Gi; may grow, never shrink",
                  Input.AMOUNT, required=True),
            _MODES,
            Field("storageClass", "spec.storageClassName", "Storage class", "empty: the default one",
                  pick="storageclasses"),
            Field("volume", "spec.volumeName", "Volume", "exactly this one", basic=False, pick="persistentvolumes"),
            Field("selector", "spec.selector.matchLabels", "Volumes with", "labels of the volumes", Input.MAP,
                  basic=False),
            _VOLUME_MODE,
        )),
    ),
    _claim,
)  # fmt: skip

FORMS = (NAMESPACE, CONFIG_MAP, SECRET, VOLUME, CLAIM)
