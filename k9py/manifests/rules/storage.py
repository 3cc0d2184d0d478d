"""ConfigMaps, Secrets, PersistentVolumes, claims and storage classes."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable

import msgspec

from k9py.core import naming
from k9py.manifests.problems import At
from k9py.manifests.rules.pods import check_node_selector
from k9py.manifests.rules.selectors import check_selector

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
SIZE_LIMIT = 1 << 20
"""Bytes of a ConfigMap's or a Secret's values together (MaxSecretSize)."""
SECRET_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
_VOLUME_PLAIN = frozenset({
    "accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy",
    "storageClassName", "volumeAttributesClassName", "volumeMode",
})  # fmt: skip


def config_map(obj: At) -> None:
    """Check a ConfigMap."""
    size = 0
    for field in ("data", "binaryData"):
        for key, value in obj[field].entries():
            _key(value, key)
            size += len(value.text.encode())
            if field == "binaryData" and key in obj["data"].map:
                value.invalid("duplicate of key present in data")
    if size > SIZE_LIMIT:
        obj.report("FieldValueTooLong", f"Too long: may not be more than {SIZE_LIMIT} bytes")


def _key(value: At, key: str) -> None:
    if problem := naming.config_key(key):
        value.report("FieldValueInvalid", f'Invalid value: "{key}": {problem}')


def secret(obj: At) -> None:
    """Check a Secret."""
    size = 0
    for field in ("data", "stringData"):
        for key, value in obj[field].entries():
            _key(value, key)
            size += len(value.text.encode()) * (3 if field == "data" else 4) // 4
    if size > SIZE_LIMIT:
        obj["data"].report("FieldValueTooLong", f"Too long: may not be more than {SIZE_LIMIT} bytes")
    kind = obj["type"].text
    for key in SECRET_KEYS.get(kind, ()):
        if key not in obj["data"].map and key not in obj["stringData"].map:
            obj["data"][key].required(mend=obj["stringData"][key].path)
    given = {*obj["data"].map, *obj["stringData"].map}
    if kind == "kubernetes.io/basic-auth" and not {"username", "password"} & given:
        for key in ("username", "password"):
            obj["data"][key].required(mend=obj["stringData"][key].path)
    for key in (".dockerconfigjson", ".dockercfg"):
        if key in SECRET_KEYS.get(kind, ()):
            _docker_config(obj, key)


def _docker_config(obj: At, key: str) -> None:
    given = obj["stringData"][key]
    if given.given:
        text = given.text.encode()
    else:
        given = obj["data"][key]
        try:
            text = b64decode(given.text, validate=True)
        except Base64Error:
            return
    try:
        msgspec.json.decode(text, type=dict)
    except msgspec.DecodeError:
        given.report("FieldValueInvalid", 'Invalid value: "<secret contents redacted>": invalid character in JSON')


def claim(obj: At) -> None:
    """Check a PersistentVolumeClaim."""
    check_claim_spec(obj["spec"])


def check_claim_spec(spec: At) -> None:
    """Check what a claim asks for, also in a template."""
    if not spec["accessModes"]:
        spec["accessModes"].required("at least 1 access mode is required")
    check_access_modes(spec["accessModes"])
    check_selector(spec["selector"])
    storage = spec.under("resources", "requests", "storage")
    if not storage.given:
        storage.required()
    elif storage.quantity() is not None and storage.quantity() <= 0:
        storage.invalid("must be greater than zero")
    if spec["storageClassName"].text:
        spec["storageClassName"].subdomain()
    spec["volumeMode"].one_of("Block", "Filesystem")
    source = spec["dataSource"]
    if source.given:
        for name in ("name", "kind"):
            source[name].needed()
        if not source["apiGroup"].text and source["kind"].text != "PersistentVolumeClaim":
            source.invalid("must be 'PersistentVolumeClaim' when referencing the default apiGroup")


def check_access_modes(modes: At) -> None:
    """Check access modes; the strictest one excludes the others."""
    listed = list(modes.items())
    for mode in listed:
        mode.one_of(*ACCESS_MODES)
    if len(listed) > 1 and any(mode.text == "ReadWriteOncePod" for mode in listed):
        modes.forbidden("may not use ReadWriteOncePod with other access modes")


def volume(obj: At) -> None:
    """Check a PersistentVolume."""
    spec = obj["spec"]
    if not spec["accessModes"]:
        spec["accessModes"].required()
    check_access_modes(spec["accessModes"])
    capacity = spec["capacity"]
    if not capacity:
        capacity.required()
    elif set(capacity.map) != {"storage"}:
        capacity.unsupported(["storage"])
    for _, amount in capacity.entries():
        if amount.quantity() is not None and amount.quantity() <= 0:
            amount.invalid("must be greater than zero")
    policy = spec["persistentVolumeReclaimPolicy"]
    policy.one_of("Delete", "Recycle", "Retain")
    sources = sorted(name for name in spec.map if name not in _VOLUME_PLAIN and spec[name].given)
    if not sources:
        spec.required("must specify a volume type", "such as a host path or an NFS server",
                      mend=spec.under("hostPath", "path").path)  # fmt: skip
    for extra in sources[1:]:
        spec[extra].forbidden("may not specify more than 1 volume type")
    _volume_source(spec)
    if spec["storageClassName"].text:
        spec["storageClassName"].subdomain()
    spec["volumeMode"].one_of("Block", "Filesystem")
    affinity = spec["nodeAffinity"]
    if affinity.given and affinity["required"].needed("must specify required node constraints"):
        check_node_selector(affinity["required"])
    if spec["hostPath"].given and spec["hostPath"]["path"].text == "/" and policy.text == "Recycle":
        policy.forbidden("may not be 'recycle' for a hostPath mount of '/'")


def _volume_source(spec: At) -> None:
    path = spec["hostPath"]
    if path.given:
        if path["path"].needed() and ".." in path["path"].text.split("/"):
            path["path"].invalid("must not contain '..'")
        path["type"].one_of(
            "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"
        )
    local = spec["local"]
    if local.given:
        if local["path"].needed() and ".." in local["path"].text.split("/"):
            local["path"].invalid("must not contain '..'")
        if not spec["nodeAffinity"].given:
            spec["nodeAffinity"].required("Local volume requires node affinity")
    nfs = spec["nfs"]
    if nfs.given:
        nfs["server"].needed()
        if nfs["path"].needed() and not nfs["path"].text.startswith("/"):
            nfs["path"].invalid("must be an absolute path")
    csi = spec["csi"]
    if csi.given:
        for name in ("driver", "volumeHandle"):
            csi[name].needed()


def storage_class(obj: At) -> None:
    """Check a StorageClass."""
    provisioner = obj["provisioner"]
    if provisioner.needed():
        provisioner.fits(naming.qualified(provisioner.text.lower()))
    obj["reclaimPolicy"].one_of("Delete", "Retain")
    mode = obj["volumeBindingMode"]
    mode.one_of("Immediate", "WaitForFirstConsumer")
    for key, value in obj["parameters"].entries():
        if not key:
            value.invalid("field can not be empty.")


RULES: dict[str, Callable[[At], None]] = {
    "ConfigMap.": config_map,
    "Secret.": secret,
    "PersistentVolumeClaim.": claim,
    "PersistentVolume.": volume,
    "StorageClass.storage.k8s.io": storage_class,
}
