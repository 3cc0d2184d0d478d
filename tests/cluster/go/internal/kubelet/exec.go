package kubelet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"

	"k9py.dev/testcluster/internal/podshell"
)

// idleTimeout ends a forgotten stream; a kubelet waits four hours.
const idleTimeout = 4 * time.Hour

func (s *server) podFolder(pod *corev1.Pod) string {
	return filepath.Join(s.scratch, string(pod.UID))
}

// running returns a container that can be talked to.
func (s *server) running(request *http.Request) (*corev1.Pod, container, error) {
	wanted := request.PathValue("container")
	pod, found, err := s.store.find(request.Context(), request.PathValue("namespace"), request.PathValue("pod"), wanted)
	if err != nil {
		return nil, container{}, err
	}
	if _, running := found.startedAt(); !running {
		return nil, container{}, fmt.Errorf("container not found (%q)", wanted)
	}
	return pod, found, nil
}

// serveExec answers /exec/{namespace}/{pod}/{container}.
func (s *server) serveExec(response http.ResponseWriter, request *http.Request) {
	pod, found, err := s.running(request)
	if err != nil {
		http.Error(response, err.Error(), http.StatusNotFound)
		return
	}
	streams, err := remotecommand.NewOptions(request)
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	ctx, gone := context.WithCancel(request.Context())
	defer gone()
	remotecommand.ServeExec(
		watchedWriter{response, gone}, request.WithContext(ctx), shellExecutor{s, pod, found}, pod.Name, string(pod.UID), found.name,
		request.URL.Query()["command"], streams, idleTimeout, remotecommand.DefaultStreamCreationTimeout,
		remotecommand.SupportedStreamingProtocols,
	)
}

// shellExecutor runs one command as if it were in the container.
type shellExecutor struct {
	server    *server
	pod       *corev1.Pod
	container container
}

// ExecInContainer is called by the streaming library once the streams stand.
func (e shellExecutor) ExecInContainer(
	ctx context.Context, _, _, name string, command []string, in io.Reader, out, errs io.WriteCloser,
	tty bool, resize <-chan remotecommand.TerminalSize, _ time.Duration,
) error {
	root := filepath.Join(e.server.podFolder(e.pod), name)
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	ctx, ended := e.server.shells.enter(ctx, e.server.lifetime, containerKey{e.pod.UID, name})
	defer ended()
	sizes := make(chan podshell.Size)
	go func() {
		defer close(sizes)
		for size := range resize {
			select {
			case sizes <- podshell.Size{Columns: size.Width, Rows: size.Height}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return podshell.Run(ctx, podshell.Command{
		Root: root, Hostname: e.pod.Name, Arguments: command, Environment: e.environment(),
		In: in, Out: out, Err: errs, TTY: tty, Sizes: sizes,
	})
}

// environment gives the plain values of the spec; references to other objects stay unresolved.
func (e shellExecutor) environment() []string {
	environment := []string{"HOSTNAME=" + e.pod.Name, "KUBERNETES_SERVICE_HOST=10.96.0.1", "KUBERNETES_SERVICE_PORT=443"}
	for _, variable := range e.container.spec.Env {
		if variable.ValueFrom == nil {
			environment = append(environment, variable.Name+"="+variable.Value)
		}
	}
	return environment
}

// serveAttach answers /attach/{namespace}/{pod}/{container}: the container's output from now on.
func (s *server) serveAttach(response http.ResponseWriter, request *http.Request) {
	pod, found, err := s.running(request)
	if err != nil {
		http.Error(response, err.Error(), http.StatusNotFound)
		return
	}
	streams, err := remotecommand.NewOptions(request)
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	ctx, gone := context.WithCancel(request.Context())
	defer gone()
	remotecommand.ServeAttach(
		watchedWriter{response, gone}, request.WithContext(ctx), attacher{s, pod, found}, pod.Name, string(pod.UID), found.name,
		streams, idleTimeout, remotecommand.DefaultStreamCreationTimeout, remotecommand.SupportedStreamingProtocols,
	)
}

type attacher struct {
	server    *server
	pod       *corev1.Pod
	container container
}

// AttachContainer shows the container's lines as they come and answers what is typed line by line. A container
// that asks for standard input with a terminal (a debug container) is a shell instead.
func (a attacher) AttachContainer(
	ctx context.Context, name, uid, containerName string, in io.Reader, out, errs io.WriteCloser,
	tty bool, resize <-chan remotecommand.TerminalSize,
) error {
	if a.container.spec.Stdin && in != nil {
		shell := shellExecutor(a)
		err := shell.ExecInContainer(ctx, name, uid, containerName, []string{"sh"}, in, out, errs, tty, resize, 0)
		var exited podshell.ExitError
		if errors.As(err, &exited) {
			return nil
		}
		return err
	}
	if in != nil {
		go func() { _, _ = io.Copy(io.Discard, in) }()
	}
	life, err := runOf(a.pod, a.container, false)
	if err != nil {
		return err
	}
	writer := &logWriter{out: out, left: -1}
	next := life.writtenBy(time.Now())
	for life.finished == nil {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(min(followEvery, max(time.Until(life.timeOf(next)), time.Millisecond))):
		}
		if life, err = a.server.followed(ctx, a.pod, a.container.name, life); err != nil {
			return nil
		}
		if next, err = writeFrom(writer, life, next); err != nil {
			return nil
		}
	}
	return nil
}
