package kubelet

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	stats "k8s.io/kubelet/pkg/apis/stats/v1alpha1"
)

const (
	nodeDiskBytes     = 100 << 30
	nodeDiskUsedBytes = 21 << 30
	podDiskUsedBytes  = 4 << 20
	bytesPerCoreHour  = 40 << 20
)

// serveResourceMetrics answers GET /metrics/resource in the Prometheus text format.
func (s *server) serveResourceMetrics(response http.ResponseWriter, request *http.Request, node string) {
	now := s.accounts.node(node, s.started)
	stamp := now.at.UnixMilli()
	var text strings.Builder
	family := func(name, kind, help string) {
		fmt.Fprintf(&text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
	}
	perContainer := func(name string, value func(use) string) {
		for _, pod := range now.pods {
			for index, container := range pod.containers {
				fmt.Fprintf(&text, "%s{container=%q,namespace=%q,pod=%q} %s\n",
					name, container, pod.pod.Namespace, pod.pod.Name, value(pod.uses[index]))
			}
		}
	}
	family("container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the container in core-seconds")
	perContainer("container_cpu_usage_seconds_total", func(u use) string { return fmt.Sprintf("%f %d", u.cpuSeconds, stamp) })
	family("container_memory_working_set_bytes", "gauge", "Current working set of the container in bytes")
	perContainer("container_memory_working_set_bytes", func(u use) string { return fmt.Sprintf("%d %d", u.memory, stamp) })
	family("container_start_time_seconds", "gauge", "Start time of the container since unix epoch in seconds")
	perContainer("container_start_time_seconds", func(u use) string {
		return fmt.Sprintf("%.3f", float64(u.started.UnixMilli())/1000)
	})
	family("node_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the node in core-seconds")
	fmt.Fprintf(&text, "node_cpu_usage_seconds_total %f %d\n", now.cpuSeconds, stamp)
	family("node_memory_working_set_bytes", "gauge", "Current working set of the node in bytes")
	fmt.Fprintf(&text, "node_memory_working_set_bytes %d %d\n", now.memory, stamp)
	perPod := func(name string, value func(use) string) {
		for _, pod := range now.pods {
			fmt.Fprintf(&text, "%s{namespace=%q,pod=%q} %s %d\n", name, pod.pod.Namespace, pod.pod.Name, value(total(pod.uses)), stamp)
		}
	}
	family("pod_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the pod in core-seconds")
	perPod("pod_cpu_usage_seconds_total", func(u use) string { return fmt.Sprintf("%f", u.cpuSeconds) })
	family("pod_memory_working_set_bytes", "gauge", "Current working set of the pod in bytes")
	perPod("pod_memory_working_set_bytes", func(u use) string { return fmt.Sprintf("%d", u.memory) })
	family("resource_scrape_error", "gauge", "1 if there was an error while getting container metrics, 0 otherwise")
	text.WriteString("resource_scrape_error 0\n")
	response.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = response.Write([]byte(text.String()))
}

// serveSummary answers GET /stats/summary.
func (s *server) serveSummary(response http.ResponseWriter, request *http.Request, node string) {
	now := s.accounts.node(node, s.started)
	at := metav1.NewTime(now.at)
	summary := stats.Summary{
		Node: stats.NodeStats{
			NodeName:  node,
			StartTime: metav1.NewTime(s.started),
			CPU:       cpuStats(at, now.cores, now.cpuSeconds),
			Memory:    memoryStats(at, now.memory, s.nodeMemory(node)),
			Network:   networkStats(at, now.cpuSeconds),
			Fs:        fsStats(at, nodeDiskUsedBytes),
			Runtime:   &stats.RuntimeStats{ImageFs: fsStats(at, nodeDiskUsedBytes/2)},
		},
		Pods: []stats.PodStats{},
	}
	for _, pod := range now.pods {
		summary.Pods = append(summary.Pods, podStats(at, pod))
	}
	response.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(response).Encode(summary)
}

func podStats(at metav1.Time, pod podUse) stats.PodStats {
	sum := total(pod.uses)
	result := stats.PodStats{
		PodRef:           stats.PodReference{Name: pod.pod.Name, Namespace: pod.pod.Namespace, UID: string(pod.pod.UID)},
		StartTime:        metav1.NewTime(sum.started),
		CPU:              cpuStats(at, sum.cores, sum.cpuSeconds),
		Memory:           memoryStats(at, sum.memory, 0),
		Network:          networkStats(at, sum.cpuSeconds),
		EphemeralStorage: fsStats(at, podDiskUsedBytes),
		Containers:       []stats.ContainerStats{},
	}
	for index, name := range pod.containers {
		each := pod.uses[index]
		result.Containers = append(result.Containers, stats.ContainerStats{
			Name:      name,
			StartTime: metav1.NewTime(each.started),
			CPU:       cpuStats(at, each.cores, each.cpuSeconds),
			Memory:    memoryStats(at, each.memory, memoryLimit(pod.pod, name)),
			Rootfs:    fsStats(at, podDiskUsedBytes/2),
			Logs:      fsStats(at, podDiskUsedBytes/4),
		})
	}
	return result
}

func total(uses []use) use {
	sum := use{started: time.Now()}
	for _, each := range uses {
		sum.cores += each.cores
		sum.memory += each.memory
		sum.cpuSeconds += each.cpuSeconds
		if each.started.Before(sum.started) {
			sum.started = each.started
		}
	}
	return sum
}

func memoryLimit(pod *corev1.Pod, name string) uint64 {
	for _, each := range containersOf(pod) {
		if each.name == name {
			limit := each.spec.Resources.Limits[corev1.ResourceMemory]
			return uint64(limit.Value())
		}
	}
	return 0
}

func (s *server) nodeMemory(name string) uint64 {
	node, err := s.nodes.Get(name)
	if err != nil {
		return 0
	}
	capacity := node.Status.Capacity[corev1.ResourceMemory]
	return uint64(capacity.Value())
}

func cpuStats(at metav1.Time, cores, seconds float64) *stats.CPUStats {
	return &stats.CPUStats{Time: at, UsageNanoCores: new(uint64(cores * 1e9)), UsageCoreNanoSeconds: new(uint64(seconds * 1e9))}
}

// memoryStats leaves availability out where nothing limits the memory, as a kubelet does.
func memoryStats(at metav1.Time, used, limit uint64) *stats.MemoryStats {
	result := &stats.MemoryStats{
		Time:            at,
		WorkingSetBytes: new(used),
		UsageBytes:      new(used + used/8),
		RSSBytes:        new(used - used/10),
		PageFaults:      new(uint64(0)),
		MajorPageFaults: new(uint64(0)),
	}
	if limit > used {
		result.AvailableBytes = new(limit - used)
	}
	return result
}

// networkStats makes traffic grow with the work done.
func networkStats(at metav1.Time, seconds float64) *stats.NetworkStats {
	traffic := uint64(seconds / 3600 * bytesPerCoreHour)
	return &stats.NetworkStats{Time: at, InterfaceStats: stats.InterfaceStats{
		Name: "eth0", RxBytes: new(traffic), TxBytes: new(traffic * 3), RxErrors: new(uint64(0)), TxErrors: new(uint64(0)),
	}}
}

func fsStats(at metav1.Time, used uint64) *stats.FsStats {
	return &stats.FsStats{
		Time: at, CapacityBytes: new(uint64(nodeDiskBytes)), AvailableBytes: new(nodeDiskBytes - used), UsedBytes: new(used),
	}
}
