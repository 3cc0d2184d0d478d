package kubelet

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

// forwardTo is an annotation of the pod: an address on loopback that answers for it instead of the built-in page.
const forwardTo = "k9py.dev/forward-to"

// servePortForward answers /portForward/{namespace}/{pod}.
func (s *server) servePortForward(response http.ResponseWriter, request *http.Request) {
	pod, err := s.store.pods.Pods(request.PathValue("namespace")).Get(request.PathValue("pod"))
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

// PortForward serves a page on the ports the pod declares and refuses all others, as a container would.
func (f forwarder) PortForward(ctx context.Context, _, _ string, port int32, stream io.ReadWriteCloser) error {
	defer stream.Close()
	if !f.declares(port) {
		return fmt.Errorf("failed to connect to localhost:%d inside the pod: connection refused", port)
	}
	if address := f.pod.Annotations[forwardTo]; address != "" {
		return relay(ctx, address, stream)
	}
	serveOne(stream, http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		response.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintf(response, "%s/%s port %d: %s %s\n", f.pod.Namespace, f.pod.Name, port, request.Method, request.URL.Path)
	}))
	return nil
}

func (f forwarder) declares(port int32) bool {
	for _, each := range f.pod.Spec.Containers {
		for _, declared := range each.Ports {
			if declared.ContainerPort == port {
				return true
			}
		}
	}
	return false
}

// relay joins the stream with a listener of this machine; any address off loopback is refused.
func relay(ctx context.Context, address string, stream io.ReadWriteCloser) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil || !net.ParseIP(host).IsLoopback() {
		return fmt.Errorf("%s must be an address on loopback with a port", forwardTo)
	}
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer connection.Close()
	go func() {
		_, _ = io.Copy(connection, stream)
		_ = connection.(*net.TCPConn).CloseWrite()
	}()
	_, err = io.Copy(stream, connection)
	return err
}

// serveOne answers the HTTP requests of one stream until its caller closes it.
func serveOne(stream io.ReadWriteCloser, handler http.Handler) {
	near, far := net.Pipe()
	listener := &oneConnection{connection: near, closed: make(chan struct{})}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout, ConnState: func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			listener.Close()
		}
	}}
	go func() {
		_, _ = io.Copy(far, stream)
		_ = far.Close()
	}()
	go func() { _ = server.Serve(listener) }()
	_, _ = io.Copy(stream, far)
	_ = server.Close()
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
