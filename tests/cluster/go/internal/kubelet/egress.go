package kubelet

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// loopback is where the nodes' endpoints and the extension servers really listen.
const loopback = "127.0.0.1"

// serveEgress answers the API server's CONNECT requests, through which it reaches nodes, pods and extension
// servers. The API server refuses to proxy to loopback addresses, so nodes and pods have others that exist
// nowhere but here: no address is added to the machine, and nothing off loopback is ever dialled.
func (s *server) serveEgress(response http.ResponseWriter, request *http.Request) {
	if request.Method != http.MethodConnect {
		http.Error(response, "CONNECT expected", http.StatusMethodNotAllowed)
		return
	}
	target, err := s.dial(request.Context(), request.Host)
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadGateway)
		return
	}
	defer target.Close()
	caller, buffered, err := http.NewResponseController(response).Hijack()
	if err != nil {
		http.Error(response, err.Error(), http.StatusInternalServerError)
		return
	}
	defer caller.Close()
	if _, err := io.WriteString(caller, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	join(caller, buffered.Reader, target)
}

// join copies both ways until either side ends.
func join(caller net.Conn, early *bufio.Reader, target net.Conn) {
	var ends sync.WaitGroup
	ends.Go(func() {
		_, _ = io.Copy(target, early)
		_ = target.Close()
	})
	ends.Go(func() {
		_, _ = io.Copy(caller, target)
		_ = caller.Close()
	})
	ends.Wait()
}

// dial finds what stands behind an address of the cluster.
func (s *server) dial(ctx context.Context, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	parsed := net.ParseIP(host)
	if host == "localhost" || (parsed != nil && parsed.IsLoopback()) || s.isNode(host) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(loopback, port))
	}
	pod := s.podAt(host)
	if pod == nil {
		return nil, fmt.Errorf("dial tcp %s: connect: no route to host", address)
	}
	return dialPod(ctx, pod, port)
}

func (s *server) isNode(address string) bool {
	nodes, err := s.nodes.List(labels.Everything())
	if err != nil {
		return false
	}
	for _, node := range nodes {
		for _, each := range node.Status.Addresses {
			if each.Address == address {
				return true
			}
		}
	}
	return false
}

func (s *server) podAt(address string) *corev1.Pod {
	pods, err := s.store.pods.List(labels.Everything())
	if err != nil {
		return nil
	}
	for _, pod := range pods {
		if pod.Status.PodIP == address && pod.Status.Phase == corev1.PodRunning {
			return pod
		}
	}
	return nil
}
