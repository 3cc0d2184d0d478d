package kubelet

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

// forwardTo is an annotation of the pod: an address on loopback that answers for it instead of the built-in page.
const forwardTo = "k9py.dev/forward-to"

// servePortForward answers /portForward/{namespace}/{pod}.
func (s *server) servePortForward(response http.ResponseWriter, request *http.Request) {
	pod, err := s.store.now(request.Context(), request.PathValue("namespace"), request.PathValue("pod"))
	if err != nil || pod.Status.Phase != corev1.PodRunning {
		http.Error(response, fmt.Sprintf("pod %q not running", request.PathValue("pod")), http.StatusNotFound)
		return
	}
	options, err := portforward.NewV4Options(request)
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	portforward.ServePortForward(
		response, request, forwarder{pod}, pod.Name, string(pod.UID), options,
		idleTimeout, remotecommand.DefaultStreamCreationTimeout, portforward.SupportedProtocols,
	)
}

type forwarder struct {
	pod *corev1.Pod
}

// PortForward joins one stream with one port of the pod.
func (f forwarder) PortForward(ctx context.Context, _, _ string, port int32, stream io.ReadWriteCloser) error {
	defer stream.Close()
	target, err := dialPod(ctx, f.pod, strconv.Itoa(int(port)))
	if err != nil {
		return err
	}
	defer target.Close()
	go func() {
		_, _ = io.Copy(target, stream)
		_ = target.Close()
	}()
	_, err = io.Copy(stream, target)
	return err
}

// dialPod connects to a port the pod declares; all others refuse, as a container that does not listen would.
func dialPod(ctx context.Context, pod *corev1.Pod, port string) (net.Conn, error) {
	if !declares(pod, port) {
		return nil, fmt.Errorf("dial tcp %s: connect: connection refused", net.JoinHostPort(pod.Status.PodIP, port))
	}
	address := pod.Annotations[forwardTo]
	if address == "" {
		return servePage(pod, port), nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil || !net.ParseIP(host).IsLoopback() {
		return nil, fmt.Errorf("%s must be an address on loopback with a port", forwardTo)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", address)
}

func declares(pod *corev1.Pod, port string) bool {
	for _, each := range pod.Spec.Containers {
		for _, declared := range each.Ports {
			if strconv.Itoa(int(declared.ContainerPort)) == port {
				return true
			}
		}
	}
	return false
}

// servePage gives a connection whose other end says over HTTP which pod answered.
func servePage(pod *corev1.Pod, port string) net.Conn {
	near, far := net.Pipe()
	listener := &oneConnection{connection: far, closed: make(chan struct{})}
	page := func(response http.ResponseWriter, request *http.Request) {
		response.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintf(response, "%s/%s port %s: %s %s\n", pod.Namespace, pod.Name, port, request.Method, request.URL.Path)
	}
	server := &http.Server{
		Handler:           http.HandlerFunc(page),
		ReadHeaderTimeout: headerTimeout,
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateClosed {
				_ = listener.Close()
			}
		},
	}
	go func() { _ = server.Serve(listener) }()
	return near
}

// oneConnection is a listener that hands out a single connection.
type oneConnection struct {
	connection net.Conn
	given      sync.Once
	ended      sync.Once
	closed     chan struct{}
}

func (l *oneConnection) Accept() (net.Conn, error) {
	var given net.Conn
	l.given.Do(func() { given = l.connection })
	if given != nil {
		return given, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *oneConnection) Close() error {
	l.ended.Do(func() { close(l.closed) })
	return nil
}

func (l *oneConnection) Addr() net.Addr { return l.connection.LocalAddr() }
