def behaviour($c): .metadata.annotations["k9py.dev/behaviour." + $c.name]
  // .metadata.annotations["k9py.dev/behaviour"]
  // ($c.image | split("/") | last | capture("^(?<b>crash|oom|missing|slow|complete|unready)") | .b)
  // (if any(.metadata.ownerReferences[]?; .kind == "Job") then "complete" else "" end);
def each: . as $pod
  | range(0; .spec.containers | length) as $i
  | {spec: $pod.spec.containers[$i], status: ($pod.status.containerStatuses // [])[$i],
     behaviour: ($pod | behaviour($pod.spec.containers[$i]))};
def restarts: . as $pod
  | .status.containerStatuses // [] | map(select(.state.terminated))
  | map(select($pod.spec.restartPolicy == "Always" or ($pod.spec.restartPolicy == "OnFailure" and .state.terminated.exitCode != 0)));
def alive: .metadata.deletionTimestamp == null and .status.phase != "Failed" and .status.phase != "Succeeded";
def initialized: any(.status.conditions[]?; .type == "Initialized" and .status == "True");
def due: if . then "due" else empty end;
