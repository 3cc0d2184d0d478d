package kubelet

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// loadCPU and loadMemory are annotations of a workload (or of a pod on its own): the work put on all of it.
	loadCPU    = "k9py.dev/load-cpu"
	loadMemory = "k9py.dev/load-memory"

	mebibyte       = 1 << 20
	nodeIdleCores  = 0.08
	nodeIdleMemory = 900 * mebibyte
	accountEvery   = time.Second
)

// use is what one container uses at a moment, and what it has used since it started.
type use struct {
	cores      float64
	memory     uint64
	cpuSeconds float64
	started    time.Time
}

type containerKey struct {
	pod  types.UID
	name string
}

// accountant adds up the CPU time of every container: scrapers want ever growing counters, not rates.
type accountant struct {
	store *podStore
	kill  func(*corev1.Pod, string)

	mutex sync.Mutex
	at    time.Time
	uses  map[containerKey]use
	nodes map[string]float64
}

func newAccountant(store *podStore, kill func(pod *corev1.Pod, container string)) *accountant {
	return &accountant{store: store, kill: kill, at: time.Now(), uses: map[containerKey]use{}, nodes: map[string]float64{}}
}

func (a *accountant) run(ctx context.Context) {
	ticker := time.NewTicker(accountEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			a.account(time.Now())
		}
	}
}

// account brings every counter up to now.
func (a *accountant) account(now time.Time) {
	pods, err := a.store.pods.List(labels.Everything())
	if err != nil {
		return
	}
	ready := map[string]int{}
	loads := make([]workload, len(pods))
	for index, pod := range pods {
		loads[index] = a.store.workloadOf(pod)
		if isReady(pod) {
			ready[loads[index].key]++
		}
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	seconds := now.Sub(a.at).Seconds()
	a.at = now
	uses := make(map[containerKey]use, len(a.uses))
	for index, pod := range pods {
		cores, memory := 0.0, uint64(0)
		if isReady(pod) {
			share := float64(ready[loads[index].key])
			cores = quantity(loads[index].annotations[loadCPU]) / share
			memory = uint64(quantity(loads[index].annotations[loadMemory]) / share)
		}
		a.accountPod(pod, cores, memory, seconds, uses)
	}
	a.uses = uses
}

// accountPod puts the pod's share of the load on its first container; all of them use a little when idle.
func (a *accountant) accountPod(pod *corev1.Pod, cores float64, memory uint64, seconds float64, uses map[containerKey]use) {
	loaded := pod.Spec.Containers[0].Name
	for _, each := range containersOf(pod) {
		started, running := each.startedAt()
		if !running {
			continue
		}
		chance := number(pod.Namespace, pod.Name, each.name)
		now := use{cores: 0.001 + float64(chance%4)/1000, memory: (16 + chance%16) * mebibyte, started: started}
		if each.name == loaded {
			now.cores += cores
			now.memory += memory
		}
		if outOfMemory(each, now.memory, started, a.at) {
			go a.kill(pod, each.name)
		}
		limit(&now, each.spec.Resources.Limits)
		key := containerKey{pod.UID, each.name}
		before, known := a.uses[key]
		if known && before.started.Equal(started) {
			now.cpuSeconds = before.cpuSeconds + now.cores*seconds
		} else {
			now.cpuSeconds = now.cores * max(time.Since(started).Seconds(), 0.001)
		}
		uses[key] = now
		a.nodes[pod.Spec.NodeName] += now.cores * seconds
	}
}

// limit is what the kernel does: CPU is throttled at the limit; memory cannot be more either.
func limit(now *use, limits corev1.ResourceList) {
	if cpu, set := limits[corev1.ResourceCPU]; set {
		now.cores = min(now.cores, cpu.AsApproximateFloat64())
	}
	if memory, set := limits[corev1.ResourceMemory]; set {
		now.memory = min(now.memory, uint64(memory.Value()))
	}
}

func quantity(text string) float64 {
	parsed, err := resource.ParseQuantity(text)
	if err != nil {
		return 0
	}
	return parsed.AsApproximateFloat64()
}

// podUse is the usage of one pod's containers, in the order of its spec.
type podUse struct {
	pod        *corev1.Pod
	containers []string
	uses       []use
}

// nodeUse is the usage of one node at a moment.
type nodeUse struct {
	at         time.Time
	cores      float64
	memory     uint64
	cpuSeconds float64
	pods       []podUse
}

// node returns the present usage of a node and of every pod that runs on it.
func (a *accountant) node(name string, started time.Time) nodeUse {
	now := time.Now()
	a.account(now)
	a.mutex.Lock()
	defer a.mutex.Unlock()
	total := nodeUse{
		at:         now,
		cores:      nodeIdleCores,
		memory:     nodeIdleMemory,
		cpuSeconds: a.nodes[name] + nodeIdleCores*now.Sub(started).Seconds() + 1,
	}
	for _, pod := range a.store.onNode(name) {
		entry := podUse{pod: pod}
		for _, each := range containersOf(pod) {
			if found, ok := a.uses[containerKey{pod.UID, each.name}]; ok {
				entry.containers = append(entry.containers, each.name)
				entry.uses = append(entry.uses, found)
				total.cores += found.cores
				total.memory += found.memory
			}
		}
		if len(entry.uses) > 0 {
			total.pods = append(total.pods, entry)
		}
	}
	return total
}
