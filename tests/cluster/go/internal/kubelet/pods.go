// Package kubelet is the part of a node that answers requests: logs, exec, attach, port-forward and usage.
// kwok keeps the pods' status; this package only reads it and behaves as if the containers were there.
package kubelet

import (
	"context"
	"fmt"
	"hash/fnv"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// owners are the kinds a pod may belong to, whose annotations carry the load put on them.
var owners = map[string]schema.GroupVersionResource{
	"Deployment":  {Group: "apps", Version: "v1", Resource: "deployments"},
	"ReplicaSet":  {Group: "apps", Version: "v1", Resource: "replicasets"},
	"StatefulSet": {Group: "apps", Version: "v1", Resource: "statefulsets"},
	"DaemonSet":   {Group: "apps", Version: "v1", Resource: "daemonsets"},
	"Job":         {Group: "batch", Version: "v1", Resource: "jobs"},
}

// podStore is a live copy of the pods and of the metadata of what owns them.
type podStore struct {
	clients kubernetes.Interface
	pods    corelisters.PodLister
	owners  map[string]cache.GenericLister
}

// watchPods fills the store and keeps it filled until ctx ends, calling back for pods that change or go away.
func watchPods(
	ctx context.Context, config *rest.Config, changed func(before, after *corev1.Pod), removed func(*corev1.Pod),
) (*podStore, error) {
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	metadatas, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	typed := informers.NewSharedInformerFactory(clients, 0)
	pods := typed.Core().V1().Pods()
	_, err = pods.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		UpdateFunc: func(before, after any) { changed(before.(*corev1.Pod), after.(*corev1.Pod)) },
		DeleteFunc: func(object any) {
			if tombstone, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = tombstone.Obj
			}
			if pod, ok := object.(*corev1.Pod); ok {
				removed(pod)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	store := &podStore{clients: clients, pods: pods.Lister(), owners: map[string]cache.GenericLister{}}
	partial := metadatainformer.NewSharedInformerFactory(metadatas, 0)
	for kind, resource := range owners {
		store.owners[kind] = partial.ForResource(resource).Lister()
	}
	typed.Start(ctx.Done())
	partial.Start(ctx.Done())
	typed.WaitForCacheSync(ctx.Done())
	partial.WaitForCacheSync(ctx.Done())
	return store, ctx.Err()
}

func (s *podStore) onNode(node string) []*corev1.Pod {
	all, err := s.pods.List(labels.Everything())
	if err != nil {
		return nil
	}
	var found []*corev1.Pod
	for _, pod := range all {
		if pod.Spec.NodeName == node {
			found = append(found, pod)
		}
	}
	return found
}

// workload names what owns a pod in the end, and the annotations that say which load is put on it.
type workload struct {
	key         string
	annotations map[string]string
}

// workloadOf climbs the controllers of a pod; a pod on its own is its own workload.
func (s *podStore) workloadOf(pod *corev1.Pod) workload {
	found := workload{key: "Pod/" + pod.Namespace + "/" + pod.Name, annotations: pod.Annotations}
	owner := metav1.GetControllerOf(pod)
	for owner != nil {
		lister, known := s.owners[owner.Kind]
		if !known {
			return found
		}
		object, err := lister.ByNamespace(pod.Namespace).Get(owner.Name)
		if err != nil {
			return found
		}
		meta, ok := object.(*metav1.PartialObjectMetadata)
		if !ok {
			return found
		}
		found = workload{key: owner.Kind + "/" + pod.Namespace + "/" + owner.Name, annotations: meta.Annotations}
		owner = metav1.GetControllerOf(meta)
	}
	return found
}

func isReady(pod *corev1.Pod) bool {
	if pod.Status.Phase != corev1.PodRunning || pod.DeletionTimestamp != nil {
		return false
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// container is one container of a pod with its status, whichever of the three lists it is in.
type container struct {
	name   string
	spec   *corev1.Container
	status *corev1.ContainerStatus
}

func containersOf(pod *corev1.Pod) []container {
	var found []container
	statuses := map[string]*corev1.ContainerStatus{}
	for _, list := range [][]corev1.ContainerStatus{
		pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses, pod.Status.EphemeralContainerStatuses,
	} {
		for index := range list {
			statuses[list[index].Name] = &list[index]
		}
	}
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for index := range list {
			found = append(found, container{list[index].Name, &list[index], statuses[list[index].Name]})
		}
	}
	for index := range pod.Spec.EphemeralContainers {
		spec := corev1.Container(pod.Spec.EphemeralContainers[index].EphemeralContainerCommon)
		found = append(found, container{spec.Name, &spec, statuses[spec.Name]})
	}
	return found
}

// now returns a pod as the API server has it: a kubelet knows of its containers before anybody reads their status,
// the copy only after it.
func (s *podStore) now(ctx context.Context, namespace, name string) (*corev1.Pod, error) {
	pod, err := s.clients.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("pod %q not found", name)
	}
	return pod, nil
}

// since returns a pod that is at least as new as one seen before: the copy's, unless that is older or has none.
func (s *podStore) since(ctx context.Context, seen *corev1.Pod) (*corev1.Pod, error) {
	pod, err := s.pods.Pods(seen.Namespace).Get(seen.Name)
	if err == nil && version(pod) >= version(seen) {
		return pod, nil
	}
	return s.now(ctx, seen.Namespace, seen.Name)
}

func version(pod *corev1.Pod) uint64 {
	number, err := strconv.ParseUint(pod.ResourceVersion, 10, 64)
	if err != nil {
		return 0
	}
	return number
}

// find returns the container asked for as it is now; without a name it is the pod's first one.
func (s *podStore) find(ctx context.Context, namespace, name, wanted string) (*corev1.Pod, container, error) {
	pod, err := s.now(ctx, namespace, name)
	if err != nil {
		return nil, container{}, err
	}
	if wanted == "" {
		wanted = pod.Spec.Containers[0].Name
	}
	found, err := containerOf(pod, wanted)
	return pod, found, err
}

func containerOf(pod *corev1.Pod, wanted string) (container, error) {
	for _, candidate := range containersOf(pod) {
		if candidate.name == wanted {
			return candidate, nil
		}
	}
	return container{}, fmt.Errorf("container %q not found in pod %q", wanted, pod.Name)
}

func (c container) startedAt() (time.Time, bool) {
	if c.status == nil || c.status.State.Running == nil {
		return time.Time{}, false
	}
	return c.status.State.Running.StartedAt.Time, true
}

// number is the same for the same words every time, which makes logs and idle usage repeatable.
func number(words ...string) uint64 {
	digest := fnv.New64a()
	for _, word := range words {
		_, _ = digest.Write([]byte(word))
		_, _ = digest.Write([]byte{0})
	}
	return digest.Sum64()
}
