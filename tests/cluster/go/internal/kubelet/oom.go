package kubelet

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

const (
	// oomAfter is how long a container lives with more memory than its limit: it takes a moment to fill it.
	oomAfter    = 3 * time.Second
	oomExitCode = 137
)

// outOfMemory says whether the load asks for more memory than the container may have.
func outOfMemory(each container, wanted uint64, started, now time.Time) bool {
	limit, set := each.spec.Resources.Limits[corev1.ResourceMemory]
	return set && wanted > uint64(limit.Value()) && now.Sub(started) > oomAfter
}

// killer ends containers as the kernel does; kwok's stages then wait and restart them.
type killer struct {
	clients kubernetes.Interface
}

// kill marks one running container as killed. A pod that changed meanwhile is left to the next look.
func (k killer) kill(ctx context.Context, pod *corev1.Pod, name string) {
	statuses := pod.DeepCopy().Status.ContainerStatuses
	for index := range statuses {
		status := &statuses[index]
		if status.Name != name || status.State.Running == nil {
			continue
		}
		status.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: oomExitCode, Reason: "OOMKilled", ContainerID: status.ContainerID,
			StartedAt: status.State.Running.StartedAt, FinishedAt: metav1.Now(),
		}}
		status.Ready, status.Started = false, new(false)
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": pod.ResourceVersion},
		"status":   map[string]any{"containerStatuses": statuses},
	})
	if err != nil {
		return
	}
	_, err = k.clients.CoreV1().Pods(pod.Namespace).Patch(
		ctx, pod.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status",
	)
	if err != nil {
		fmt.Fprintf(os.Stderr, "out of memory: %s/%s: %v\n", pod.Namespace, pod.Name, err)
	}
}
