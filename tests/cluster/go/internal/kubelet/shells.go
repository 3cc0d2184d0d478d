package kubelet

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"os"
	"sync"

	corev1 "k8s.io/api/core/v1"
)

// shells are the commands that run in containers; each ends with its container, its caller or the endpoint.
type shells struct {
	running sync.WaitGroup

	mutex sync.Mutex
	ends  map[containerKey]map[*context.CancelFunc]struct{}
}

// enter gives a command its context; the returned function must be called when the command has ended.
func (s *shells) enter(parent, lifetime context.Context, key containerKey) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	forget := context.AfterFunc(lifetime, cancel)
	s.mutex.Lock()
	if s.ends == nil {
		s.ends = map[containerKey]map[*context.CancelFunc]struct{}{}
	}
	if s.ends[key] == nil {
		s.ends[key] = map[*context.CancelFunc]struct{}{}
	}
	s.ends[key][&cancel] = struct{}{}
	s.mutex.Unlock()
	s.running.Add(1)
	return ctx, func() {
		s.mutex.Lock()
		delete(s.ends[key], &cancel)
		if len(s.ends[key]) == 0 {
			delete(s.ends, key)
		}
		s.mutex.Unlock()
		forget()
		cancel()
		s.running.Done()
	}
}

// end kills the commands of one container.
func (s *shells) end(key containerKey) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for cancel := range s.ends[key] {
		(*cancel)()
	}
}

// changed ends the commands of containers that ended or started anew.
func (s *server) changed(before, after *corev1.Pod) {
	now := map[string]container{}
	for _, each := range containersOf(after) {
		now[each.name] = each
	}
	for _, each := range containersOf(before) {
		was, running := each.startedAt()
		if is, still := now[each.name].startedAt(); running && (!still || !is.Equal(was)) {
			s.shells.end(containerKey{before.UID, each.name})
		}
	}
}

// removed ends a pod's commands and removes what they left behind.
func (s *server) removed(pod *corev1.Pod) {
	for _, each := range containersOf(pod) {
		s.shells.end(containerKey{pod.UID, each.name})
	}
	_ = os.RemoveAll(s.podFolder(pod))
}

// watchedWriter lets the connection under a stream be watched: the streaming library does not say when a
// caller has gone, and a command that reads no input would run on for ever.
type watchedWriter struct {
	http.ResponseWriter
	gone func()
}

// Hijack hands the connection over, watched.
func (w watchedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	connection, buffered, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	return watchedConnection{connection, w.gone}, buffered, nil
}

type watchedConnection struct {
	net.Conn
	gone func()
}

func (c watchedConnection) Read(buffer []byte) (int, error) {
	count, err := c.Conn.Read(buffer)
	if err != nil {
		c.gone()
	}
	return count, err
}
