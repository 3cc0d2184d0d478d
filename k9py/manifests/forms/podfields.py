"""The fields of a pod: containers with everything about them, volumes, scheduling, security."""

from __future__ import annotations

from k9py.manifests.forms.common import PRESENCE, choice, number, switch
from k9py.manifests.forms.fields import Field, Group, Input, Item, Repeat, When
from k9py.manifests.rules.storage import ACCESS_MODES

PROTOCOLS = ("TCP", "UDP", "SCTP")


def _ports() -> Repeat:
    return Repeat("ports", "ports", "Ports", "ports the program listens on", (
        Field("containerPort", "containerPort", "Port", "the number it listens on", Input.NUMBER, required=True),
        Field("name", "name", "Name", "a name Services and probes may use"),
        choice("protocol", "protocol", "Protocol", "TCP unless the program speaks another", *PROTOCOLS, default="TCP"),
        number("hostPort", "hostPort", "Host port", "the same port on the node; rarely wanted"),
    ))  # fmt: skip


def _environment() -> Group:
    variable = (
        Field("name", "name", "Name", "the variable", required=True),
        Field("value", "value", "Value", "a plain value", Input.LINES),
        Field("secret", "valueFrom.secretKeyRef.name", "Secret", "take it from this Secret", pick="secrets"),
        Field("secretKey", "valueFrom.secretKeyRef.key", "Secret key", "which key", pick="secrets:keys",
              when=When("valueFrom.secretKeyRef")),
        Field("configMap", "valueFrom.configMapKeyRef.name", "ConfigMap", "take it from this ConfigMap",
              pick="configmaps"),
        Field("configMapKey", "valueFrom.configMapKeyRef.key", "ConfigMap key", "which key",
              pick="configmaps:keys", when=When("valueFrom.configMapKeyRef")),
        Field("field", "valueFrom.fieldRef.fieldPath", "Field of the pod", "take it from the pod itself", Input.CHOICE,
              basic=False, choices=("metadata.name", "metadata.namespace", "spec.nodeName", "status.podIP",
                                    "status.hostIP", "spec.serviceAccountName", "metadata.uid")),
        Field("resource", "valueFrom.resourceFieldRef.resource", "Resource", "take it from requests or limits",
              Input.CHOICE, basic=False, choices=("limits.cpu", "limits.memory", "requests.cpu", "requests.memory")),
    )  # fmt: skip
    everything = (
        Field("configMap", "configMapRef.name", "ConfigMap", "every key of it becomes a variable", pick="configmaps"),
        Field("secret", "secretRef.name", "Secret", "every key of it becomes a variable", pick="secrets"),
        Field("prefix", "prefix", "Prefix", "put before each name", basic=False),
    )
    return Group("environment", "Environment", (
        Repeat("env", "env", "Variables", "variables the program reads", variable),
        Repeat("envFrom", "envFrom", "Whole sets", "all keys of a ConfigMap or Secret", everything, basic=False),
    ))  # fmt: skip


def _probe(id: str, label: str, why: str, *, basic: bool = True) -> Group:
    path = f"{id}Probe"
    return Group(id, label, (
        Field(f"{id}Path", f"{path}.httpGet.path", "HTTP path", "asked with GET; 200-399 is well"),
        Field(f"{id}Port", f"{path}.httpGet.port", "HTTP port", "number or name", Input.PORT),
        Field(f"{id}Tcp", f"{path}.tcpSocket.port", "TCP port", "well when a connection opens", Input.PORT,
              basic=False),
        Field(f"{id}Command", f"{path}.exec.command", "Command", "well when it exits with 0", Input.WORDS, basic=False),
        Field(f"{id}Grpc", f"{path}.grpc.port", "gRPC port", "asked by the gRPC health protocol", Input.NUMBER,
              basic=False),
        number(f"{id}Delay", f"{path}.initialDelaySeconds", "Initial delay (s)", "wait before the first", default=0),
        number(f"{id}Period", f"{path}.periodSeconds", "Period (s)", "time between two", default=10),
        number(f"{id}Timeout", f"{path}.timeoutSeconds", "Timeout (s)", "longer is a failure", default=1),
        number(f"{id}Successes", f"{path}.successThreshold", "Successes", "in a row until well again", default=1),
        number(f"{id}Failures", f"{path}.failureThreshold", "Failures", "in a row until it counts", default=3),
    ), why=why, basic=basic)  # fmt: skip


def _resources() -> Group:
    return Group("resources", "Resources", (
        Field("cpu", "resources.requests.cpu", "CPU request", "kept free for it on its node", Input.AMOUNT),
        Field("memory", "resources.requests.memory", "Memory request", "kept free for it on its node", Input.AMOUNT),
        Field("cpuLimit", "resources.limits.cpu", "CPU limit", "slowed down above it", Input.AMOUNT),
        Field("memoryLimit", "resources.limits.memory", "Memory limit", "killed above it", Input.AMOUNT),
    ))  # fmt: skip


def _container_security() -> Group:
    base = "securityContext"
    return Group("containerSecurity", "Security of the container", (
        switch("runAsNonRoot", f"{base}.runAsNonRoot", "Not as root", "refuse to start as user 0"),
        number("runAsUser", f"{base}.runAsUser", "User", "number of the user"),
        number("runAsGroup", f"{base}.runAsGroup", "Group", "number of the group"),
        switch("readOnlyRootFilesystem", f"{base}.readOnlyRootFilesystem", "Read-only root", "nothing may be written"),
        switch("allowPrivilegeEscalation", f"{base}.allowPrivilegeEscalation", "May gain privileges",
               "off is safer: setuid programs gain nothing"),
        switch("privileged", f"{base}.privileged", "Privileged", "as root on the node: only for node agents"),
        Field("dropCapabilities", f"{base}.capabilities.drop", "Drop capabilities", "ALL is safest", Input.LIST),
        Field("addCapabilities", f"{base}.capabilities.add", "Add capabilities", "such as NET_BIND_SERVICE",
              Input.LIST),
        choice("seccomp", f"{base}.seccompProfile.type", "Seccomp", "which system calls it may make",
               "RuntimeDefault", "Unconfined", "Localhost"),
    ), basic=False)  # fmt: skip


def container_items(*, name_follows: bool = True) -> tuple[Item, ...]:
    """Return the fields of one container."""
    return (
        Field("containerName", "name", "Container", "its name within the pod", required=True, basic=not name_follows),
        Field("image", "image", "Image", "what it runs, such as nginx:1.29", required=True),
        choice("pullPolicy", "imagePullPolicy", "Pull", "when the node fetches the image", "IfNotPresent", "Always",
               "Never"),
        Field("command", "command", "Command", "in place of the image's entrypoint", Input.WORDS, basic=False),
        Field("args", "args", "Arguments", "in place of the image's command", Input.WORDS, basic=False),
        Field("workingDir", "workingDir", "Directory", "where the program starts", basic=False),
        _ports(),
        _environment(),
        _resources(),
        Repeat("mounts", "volumeMounts", "Mounts", "volumes seen as directories", (
            Field("volume", "name", "Volume", "one of the pod's volumes", required=True, pick="volumes"),
            Field("mountPath", "mountPath", "Path", "where it appears", required=True),
            Field("subPath", "subPath", "Part", "only this file or directory of it", basic=False),
            switch("readOnly", "readOnly", "Read-only", "may not be written"),
        )),
        _probe("readiness", "Readiness", "while it fails, Services send no traffic"),
        _probe("liveness", "Liveness", "when it fails, the container is started anew"),
        _probe("startup", "Startup", "until it succeeds, the other probes wait", basic=False),
        _container_security(),
    )  # fmt: skip


def volumes(path: str) -> Repeat:
    """Return the volumes of a pod."""
    return Repeat("volumes", f"{path}.volumes", "Volumes", "data the containers mount", (
        Field("name", "name", "Name", "what mounts call it", required=True),
        Field("configMap", "configMap.name", "ConfigMap", "its keys as files", pick="configmaps"),
        Field("secret", "secret.secretName", "Secret", "its keys as files", pick="secrets"),
        Field("claim", "persistentVolumeClaim.claimName", "Claim", "storage that outlives the pod",
              pick="persistentvolumeclaims"),
        Field("emptyDir", "emptyDir", "Empty directory", "storage that ends with the pod", Input.SWITCH,
              codec=PRESENCE),
        Field("emptyDirLimit", "emptyDir.sizeLimit", "Its limit", "pods that store more are ended", Input.AMOUNT,
              basic=False, when=When("emptyDir")),
        Field("hostPath", "hostPath.path", "Host path", "a directory of the node: rarely wanted", basic=False),
        Field("nfsServer", "nfs.server", "NFS server", "host of an NFS share", basic=False),
        Field("nfsPath", "nfs.path", "NFS path", "path of the share", basic=False, when=When("nfs")),
        Field("newClaimSize", "ephemeral.volumeClaimTemplate.spec.resources.requests.storage", "Own claim",
              "a claim of this size for each pod", Input.AMOUNT, basic=False),
        Field("newClaimModes", "ephemeral.volumeClaimTemplate.spec.accessModes", "Access of the claim",
              "who may use it", Input.LIST, basic=False, choices=ACCESS_MODES, when=When("ephemeral")),
    ))  # fmt: skip


def _scheduling(path: str) -> Group:
    terms = (
        Field("key", "key", "Key", "the taint's key"),
        choice("operator", "operator", "Operator", "Exists needs no value", "Equal", "Exists", default="Equal"),
        Field("value", "value", "Value", "the taint's value", when=When("operator", ("Equal",), "Equal")),
        choice("effect", "effect", "Effect", "empty: every effect", "NoSchedule", "PreferNoSchedule", "NoExecute"),
        number("seconds", "tolerationSeconds", "Seconds", "how long it stays with NoExecute"),
    )
    spread = (
        Field("topologyKey", "topologyKey", "Spread over", "label of nodes, such as kubernetes.io/hostname",
              required=True),
        Field("maxSkew", "maxSkew", "Largest difference", "pods more than elsewhere", Input.NUMBER, required=True),
        choice("whenUnsatisfiable", "whenUnsatisfiable", "Otherwise", "wait, or go anywhere", "DoNotSchedule",
               "ScheduleAnyway", basic=True),
        Field("matchLabels", "labelSelector.matchLabels", "Of pods with", "labels of the pods counted", Input.MAP),
    )  # fmt: skip
    apart = "affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution"
    return Group("scheduling", "Scheduling", (
        Field("nodeSelector", f"{path}.nodeSelector", "Node labels", "only on nodes with these", Input.MAP,
              pick="nodes:labels"),
        Field("nodeName", f"{path}.nodeName", "Node", "exactly this node, without the scheduler", pick="nodes"),
        Field("priorityClass", f"{path}.priorityClassName", "Priority", "who goes first when room is short",
              pick="priorityclasses"),
        Repeat("tolerations", f"{path}.tolerations", "Tolerations", "taints of nodes it puts up with", terms),
        Repeat("spread", f"{path}.topologySpreadConstraints", "Spread", "pods even over zones or nodes", spread,
               new={"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}),
        Repeat("apart", f"{path}.{apart}", "Rather apart", "keep away from pods with these labels", (
            number("weight", "weight", "Weight", "1 to 100", basic=True),
            Field("labels", "podAffinityTerm.labelSelector.matchLabels", "Pods with", "labels to keep away from",
                  Input.MAP),
            Field("topologyKey", "podAffinityTerm.topologyKey", "Within", "label of nodes"),
        ), new={"weight": 100, "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname"}}),
        choice("schedulerName", f"{path}.schedulerName", "Scheduler", "another scheduler", default="default-scheduler"),
    ), basic=False)  # fmt: skip


def pod_items(path: str, *, restart: tuple[str, ...] = (), pod_labels: str = "") -> tuple[Item, ...]:
    """Return the fields of a pod spec at a path; ``restart`` are the policies to choose from, none when it is fixed."""
    settings: list[Item] = []
    if restart:
        settings.append(choice("restartPolicy", f"{path}.restartPolicy", "Restart", "what happens when it ends",
                               *restart, basic=True))  # fmt: skip
    if pod_labels:
        settings.append(Field("podLabels", pod_labels, "Labels of the pods", "what selectors of Services look at",
                              Input.MAP, basic=False))  # fmt: skip
    settings += [
        Field("serviceAccount", f"{path}.serviceAccountName", "Service account", "who it is to the API server",
              basic=False, pick="serviceaccounts", default="default"),
        switch("automountToken", f"{path}.automountServiceAccountToken", "Mount its token", "off when it asks nothing"),
        Repeat("pullSecrets", f"{path}.imagePullSecrets", "Pull secrets", "how to log in to the registry",
               (Field("name", "name", "Secret", "of type registry", pick="secrets"),), basic=False),
        number("gracePeriod", f"{path}.terminationGracePeriodSeconds", "Time to stop (s)", "before it is killed",
               default=30),
    ]  # fmt: skip
    security = Group("podSecurity", "Security of the pod", (
        number("fsGroup", f"{path}.securityContext.fsGroup", "Group of files", "owner of the volumes"),
        number("podUser", f"{path}.securityContext.runAsUser", "User of all containers", "number of the user"),
        switch("podNonRoot", f"{path}.securityContext.runAsNonRoot", "None as root", "refuse to start as user 0"),
        choice("podSeccomp", f"{path}.securityContext.seccompProfile.type", "Seccomp", "for all containers",
               "RuntimeDefault", "Unconfined", "Localhost"),
        switch("hostNetwork", f"{path}.hostNetwork", "Network of the node", "only for node agents"),
        switch("hostPID", f"{path}.hostPID", "Processes of the node", "only for node agents"),
    ), basic=False)  # fmt: skip
    return (
        Repeat("containers", f"{path}.containers", "Containers", "the programs of the pod", container_items(),
               lends=True),
        volumes(path),
        Group("pod", "Pod", tuple(settings)),
        Repeat("initContainers", f"{path}.initContainers", "Before it starts", "run to their end, one after another",
               container_items(name_follows=False), basic=False),
        _scheduling(path),
        security,
    )  # fmt: skip
