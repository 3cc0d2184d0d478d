"""What the API server asks of a pod spec, wherever it stands (``pkg/apis/core/validation``)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from k9py.core import naming
from k9py.manifests.problems import At
from k9py.manifests.rules import containers
from k9py.manifests.rules.selectors import check_selector

VOLUME_SOURCES = (
    "awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "configMap", "csi", "downwardAPI", "emptyDir",
    "ephemeral", "fc", "flexVolume", "flocker", "gcePersistentDisk", "gitRepo", "glusterfs", "hostPath", "image",
    "iscsi", "nfs", "persistentVolumeClaim", "photonPersistentDisk", "portworxVolume", "projected", "quobyte", "rbd",
    "scaleIO", "secret", "storageos", "vsphereVolume",
)  # fmt: skip
MODE_LIMIT = 0o777
"""Permission bits of a file of a volume."""
_DNS_NAMESERVERS = 3
_SELECTOR_OPERATORS = ("DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn")
_WEIGHT_LIMIT = 100
_TOLERATION_OPERATORS = ("Equal", "Exists", "Gt", "Lt")


def check_pod_spec(
    spec: At,
    *,
    restart_policies: tuple[str, ...] = ("Always", "Never", "OnFailure"),
    more_volumes: Iterable[str] = (),
) -> None:
    """Check one pod spec; ``restart_policies`` are those the workload around it allows.

    ``more_volumes`` are names a StatefulSet's claim templates stand for.
    """
    volumes = {**dict.fromkeys(more_volumes, spec), **_volumes(spec)}
    containers.check_containers(spec, volumes)
    _policies(spec, restart_policies)
    _security(spec["securityContext"])
    _host_network(spec)
    for reference in spec["imagePullSecrets"].items():
        if not reference["name"]:
            reference["name"].warn("invalid empty name")
    for name in ("serviceAccountName", "priorityClassName", "nodeName", "runtimeClassName"):
        spec[name].subdomain()
    for name in ("hostname", "subdomain"):
        spec[name].label()
    _dns(spec)
    for alias in spec["hostAliases"].items():
        alias["ip"].fits(naming.ip_address(alias["ip"].text))
        for host in alias["hostnames"].items():
            host.subdomain()
    _scheduling(spec)


def _policies(spec: At, restart_policies: tuple[str, ...]) -> None:
    policy = spec["restartPolicy"]
    if policy.text:
        policy.one_of(*restart_policies)
    if spec["terminationGracePeriodSeconds"].number is not None:
        spec["terminationGracePeriodSeconds"].at_least(0)
    deadline = spec["activeDeadlineSeconds"]
    if deadline.number is not None:
        deadline.between(1, 2**31 - 1)
    if spec["shareProcessNamespace"].value is True and spec["hostPID"].value is True:
        spec["shareProcessNamespace"].invalid("ShareProcessNamespace and HostPID cannot both be enabled")
    for gate in spec["readinessGates"].items():
        gate["conditionType"].fits(naming.qualified(gate["conditionType"].text))


def _security(context: At) -> None:
    for name in ("runAsUser", "runAsGroup", "fsGroup"):
        context[name].between(0, 2**31 - 1)
    for group in context["supplementalGroups"].items():
        group.between(0, 2**31 - 1)
    containers.check_seccomp(context["seccompProfile"])
    containers.check_app_armor(context["appArmorProfile"])
    for sysctl in context["sysctls"].items():
        sysctl["name"].needed()


def _host_network(spec: At) -> None:
    if spec["hostNetwork"].value is not True:
        return
    for container in spec["containers"].items():
        for port in container["ports"].items():
            host = port["hostPort"]
            if host.number and host.number != port["containerPort"].number:
                port["containerPort"].invalid("must match `hostPort` when `hostNetwork` is true")


def _dns(spec: At) -> None:
    policy, config = spec["dnsPolicy"], spec["dnsConfig"]
    policy.one_of("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
    if policy.text == "None" and not config["nameservers"]:
        config["nameservers"].required("must provide at least one DNS nameserver when `dnsPolicy` is None")
    servers = list(config["nameservers"].items())
    if len(servers) > _DNS_NAMESERVERS:
        config["nameservers"].invalid(f"must not have more than {_DNS_NAMESERVERS} nameservers")
    for server in servers:
        server.fits(naming.ip_address(server.text))
    for search in config["searches"].items():
        if search.text not in (".", ""):
            search.fits(naming.subdomain(search.text.removesuffix(".").replace("_", "a")))
    for option in config["options"].items():
        option["name"].needed("must not be empty")


# volumes


def _volumes(spec: At) -> dict[str, At]:
    known: dict[str, At] = {}
    for volume in spec["volumes"].items():
        name = volume["name"]
        if name.needed():
            name.label()
            if name.text in known:
                name.duplicate()
        known[name.text] = volume
        _source(volume)
    return known


def _source(volume: At) -> None:
    # None at all means emptyDir: {}, so that is no mistake.
    sources = [name for name in VOLUME_SOURCES if volume[name].given]
    for extra in sources[1:]:
        volume[extra].forbidden("may not specify more than 1 volume type")
    check = _SOURCE_CHECKS.get(sources[0] if sources else "")
    if check is not None:
        check(volume[sources[0]])


def _empty_dir(source: At) -> None:
    source["sizeLimit"].not_negative_quantity()


def _host_path(source: At) -> None:
    if source["path"].needed():
        _no_backsteps(source["path"])
    source["type"].one_of(
        "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"
    )


def _no_backsteps(path: At) -> None:
    if ".." in path.text.split("/"):
        path.invalid("must not contain '..'")


def _config_map(source: At) -> None:
    if not source["name"]:
        source["name"].required()
    _projected_items(source)


def _secret(source: At) -> None:
    source["secretName"].needed()
    _projected_items(source)


def _projected_items(source: At) -> None:
    source["defaultMode"].between_mode()
    for item in source["items"].items():
        item["key"].needed()
        item["mode"].between_mode()
        if item["path"].needed():
            _relative(item["path"])


def _relative(path: At) -> None:
    if path.text.startswith("/"):
        path.invalid("must be a relative path")
    elif path.text.startswith(".."):
        path.invalid("must not start with '..'")
    else:
        _no_backsteps(path)


def _claim(source: At) -> None:
    source["claimName"].needed()


def _nfs(source: At) -> None:
    source["server"].needed()
    if source["path"].needed() and not posixpath.isabs(source["path"].text):
        source["path"].invalid("must be an absolute path")


def _downward(source: At) -> None:
    source["defaultMode"].between_mode()
    for item in source["items"].items():
        if item["path"].needed():
            _relative(item["path"])
        item["mode"].between_mode()
        if item["fieldRef"].given and item["resourceFieldRef"].given:
            item.invalid("fieldRef and resourceFieldRef can not be specified simultaneously")
        elif item["fieldRef"].given:
            containers.check_field_ref(item["fieldRef"], volume=True)
        elif item["resourceFieldRef"].given:
            item["resourceFieldRef"]["containerName"].needed()
            containers.check_resource_ref(item["resourceFieldRef"])
        else:
            item.required("one of fieldRef and resourceFieldRef is required")


def _projected(source: At) -> None:
    source["defaultMode"].between_mode()
    for item in source["sources"].items():
        kinds = [name for name in item.map if item[name].given]
        if len(kinds) != 1:
            if kinds:
                item[kinds[1]].forbidden("may not specify more than 1 volume type per source")
            continue
        if kinds[0] in ("configMap", "secret"):
            item[kinds[0]]["name"].needed()
            _projected_items(item[kinds[0]])
        elif kinds[0] == "downwardAPI":
            _downward(item[kinds[0]])
        elif kinds[0] == "serviceAccountToken":
            token = item[kinds[0]]
            seconds = token["expirationSeconds"]
            if seconds.number is not None and seconds.number < 600:
                seconds.invalid("may not specify a duration less than 10 minutes")
            elif (seconds.number or 0) > 2**32:
                seconds.invalid("may not specify a duration larger than 2^32 seconds")
            token["path"].needed()


def _csi(source: At) -> None:
    source["driver"].needed()


def _ephemeral(source: At) -> None:
    from k9py.manifests.rules.storage import check_claim_spec  # storage reads this module

    if source["volumeClaimTemplate"].needed():
        check_claim_spec(source["volumeClaimTemplate"]["spec"])


def _image(source: At) -> None:
    source["reference"].needed()
    source["pullPolicy"].one_of("Always", "IfNotPresent", "Never")


_SOURCE_CHECKS = {
    "emptyDir": _empty_dir,
    "hostPath": _host_path,
    "configMap": _config_map,
    "secret": _secret,
    "persistentVolumeClaim": _claim,
    "nfs": _nfs,
    "downwardAPI": _downward,
    "projected": _projected,
    "csi": _csi,
    "ephemeral": _ephemeral,
    "image": _image,
}

# scheduling


def _scheduling(spec: At) -> None:
    spec["nodeSelector"].labels()
    seen: set[str] = set()
    for toleration in spec["tolerations"].items():
        _toleration(toleration)
    affinity = spec["affinity"]
    node = affinity["nodeAffinity"]
    required = node["requiredDuringSchedulingIgnoredDuringExecution"]
    if required.given:
        check_node_selector(required)
    for preference in node["preferredDuringSchedulingIgnoredDuringExecution"].items():
        preference["weight"].between(1, _WEIGHT_LIMIT)
        _node_term(preference["preference"])
    for kind in ("podAffinity", "podAntiAffinity"):
        for term in affinity[kind]["requiredDuringSchedulingIgnoredDuringExecution"].items():
            _pod_term(term)
        for preference in affinity[kind]["preferredDuringSchedulingIgnoredDuringExecution"].items():
            preference["weight"].between(1, _WEIGHT_LIMIT)
            _pod_term(preference["podAffinityTerm"])
    for constraint in spec["topologySpreadConstraints"].items():
        skew = constraint["maxSkew"]
        if (skew.number or 0) <= 0:
            skew.invalid("must be greater than 0") if skew.given else skew.required()
        if constraint["topologyKey"].needed("can not be empty"):
            constraint["topologyKey"].fits(naming.qualified(constraint["topologyKey"].text))
        when = constraint["whenUnsatisfiable"]
        when.one_of("DoNotSchedule", "ScheduleAnyway")
        if (constraint["minDomains"].number or 1) <= 0:
            constraint["minDomains"].invalid("must be greater than 0")
        check_selector(constraint["labelSelector"])
        pair = f"{constraint['topologyKey'].text} {when.text}"
        if pair in seen:
            constraint.alias((*constraint.path, "{topologyKey, whenUnsatisfiable}")).duplicate()
        seen.add(pair)


def _toleration(toleration: At) -> None:
    key, operator = toleration["key"], toleration["operator"]
    if key.text:
        key.fits(naming.qualified(key.text))
    if not key and operator.text != "Exists":
        operator.invalid('operator must be Exists when `key` is empty, which means "match all values and all keys"')
    seconds, effect = toleration["tolerationSeconds"], toleration["effect"]
    if seconds.given and effect.text != "NoExecute":
        effect.invalid("effect must be 'NoExecute' when `tolerationSeconds` is set")
    if operator.text in ("", "Equal") and toleration["value"].text:
        operator.fits(naming.label_value(toleration["value"].text))
    if operator.text == "Exists" and toleration["value"]:
        operator.invalid("value must be empty when `operator` is 'Exists'")
    operator.one_of(*_TOLERATION_OPERATORS)
    effect.one_of("NoExecute", "NoSchedule", "PreferNoSchedule")


def check_node_selector(selector: At) -> None:
    """Check the terms nodes are chosen by."""
    terms = selector["nodeSelectorTerms"]
    if terms.needed("must have at least one node selector term"):
        for term in terms.items():
            _node_term(term)


def _node_term(term: At) -> None:
    for expression in term["matchExpressions"].items():
        _node_expression(expression)
        expression["key"].fits(naming.qualified(expression["key"].text))
    for expression in term["matchFields"].items():
        if expression["key"].text != "metadata.name":
            expression["key"].invalid("not a valid field selector key")
        if expression["operator"].text not in ("In", "NotIn"):
            expression["operator"].invalid("not a valid selector operator")


def _node_expression(expression: At) -> None:
    operator, values = expression["operator"], list(expression["values"].items())
    if operator.text in ("In", "NotIn") and not values:
        expression["values"].required("must be specified when `operator` is 'In' or 'NotIn'")
    elif operator.text in ("Exists", "DoesNotExist") and values:
        expression["values"].forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
    elif operator.text in ("Gt", "Lt") and len(values) != 1:
        expression["values"].required("must be specified single value when `operator` is 'Lt' or 'Gt'")
    elif operator.text not in _SELECTOR_OPERATORS:
        operator.invalid("not a valid selector operator")
    for value in values:
        if value.text and operator.text in ("In", "NotIn"):
            value.fits(naming.label_value(value.text))


def _pod_term(term: At) -> None:
    check_selector(term["labelSelector"])
    check_selector(term["namespaceSelector"])
    for namespace in term["namespaces"].items():
        namespace.label()
    if term["topologyKey"].needed("can not be empty"):
        term["topologyKey"].fits(naming.qualified(term["topologyKey"].text))
