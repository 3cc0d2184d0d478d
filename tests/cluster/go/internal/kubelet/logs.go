package kubelet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
)

const (
	// logRate is an annotation of the pod: lines per second, 1 when it is missing.
	logRate = "k9py.dev/log-lines-per-second"
	// burst is how many lines a container writes the moment it starts.
	burst = 5
	// kept is how many lines survive "rotation": an old busy pod must not answer with gigabytes.
	kept = 100_000
	// followEvery bounds how late a followed container's end is noticed.
	followEvery = 250 * time.Millisecond
)

// logQuery is what the caller asked to see.
type logQuery struct {
	follow, previous, timestamps bool
	tail, limit                  int64
	since                        time.Time
}

func parseLogQuery(values url.Values, now time.Time) (logQuery, error) {
	query := logQuery{tail: -1, limit: -1}
	query.follow, _ = strconv.ParseBool(values.Get("follow"))
	query.previous, _ = strconv.ParseBool(values.Get("previous"))
	query.timestamps, _ = strconv.ParseBool(values.Get("timestamps"))
	for name, target := range map[string]*int64{"tailLines": &query.tail, "limitBytes": &query.limit} {
		if text := values.Get(name); text != "" {
			number, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return query, fmt.Errorf("%s: %w", name, err)
			}
			*target = number
		}
	}
	if text := values.Get("sinceSeconds"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return query, fmt.Errorf("sinceSeconds: %w", err)
		}
		query.since = now.Add(-time.Duration(seconds) * time.Second)
	}
	if text := values.Get("sinceTime"); text != "" {
		since, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return query, fmt.Errorf("sinceTime: %w", err)
		}
		query.since = since
	}
	return query, nil
}

// run is one life of a container, as far as its log is concerned. Its lines are computed, never stored: line n
// was written at a known time and its text depends on names and n alone.
type run struct {
	pod, container string
	restart        int32
	started        time.Time
	finished       *time.Time
	exitCode       int32
	reason         string
	perSecond      float64
}

var errNotStarted = errors.New("is waiting to start")

// runOf picks the life of a container whose log was asked for, with the errors a kubelet gives.
func runOf(pod *corev1.Pod, wanted container, previous bool) (run, error) {
	rate, err := strconv.ParseFloat(pod.Annotations[logRate], 64)
	if err != nil || rate <= 0 {
		rate = 1
	}
	found := run{pod: pod.Namespace + "/" + pod.Name, container: wanted.name, perSecond: rate}
	if wanted.status == nil {
		return found, fmt.Errorf("container %q in pod %q %w: ContainerCreating", wanted.name, pod.Name, errNotStarted)
	}
	found.restart = wanted.status.RestartCount
	state := wanted.status.State
	last := wanted.status.LastTerminationState.Terminated
	switch {
	case previous && last == nil:
		return found, fmt.Errorf("previous terminated container %q in pod %q not found", wanted.name, pod.Name)
	case previous:
		found.ended(last, found.restart-1)
	case state.Running != nil:
		found.started = state.Running.StartedAt.Time
	case state.Terminated != nil:
		found.ended(state.Terminated, found.restart)
	case last != nil:
		found.ended(last, found.restart)
	default:
		reason := "ContainerCreating"
		if state.Waiting != nil && state.Waiting.Reason != "" {
			reason = state.Waiting.Reason
		}
		if reason == "ErrImagePull" || reason == "ImagePullBackOff" {
			return found, fmt.Errorf("container %q in pod %q is waiting to start: trying and failing to pull image", wanted.name, pod.Name)
		}
		return found, fmt.Errorf("container %q in pod %q %w: %s", wanted.name, pod.Name, errNotStarted, reason)
	}
	return found, nil
}

func (r *run) ended(state *corev1.ContainerStateTerminated, restart int32) {
	finished := state.FinishedAt.Time
	r.started, r.finished, r.restart = state.StartedAt.Time, &finished, restart
	r.exitCode, r.reason = state.ExitCode, state.Reason
}

// writtenBy counts the lines written until a moment; the line of a failed end is not among them.
func (r run) writtenBy(moment time.Time) int64 {
	if r.finished != nil && moment.After(*r.finished) {
		moment = *r.finished
	}
	if moment.Before(r.started) {
		return 0
	}
	return burst + int64(moment.Sub(r.started).Seconds()*r.perSecond)
}

func (r run) timeOf(line int64) time.Time {
	if line < burst {
		return r.started.Add(time.Duration(line) * time.Millisecond)
	}
	return r.started.Add(time.Duration(float64(line-burst+1) / r.perSecond * float64(time.Second)))
}

var (
	levels = []string{"INFO", "INFO", "INFO", "INFO", "DEBUG", "INFO", "INFO", "WARN", "INFO", "ERROR"}
	starts = []string{"starting", "configuration read", "connecting", "connected", "serving"}
)

func (r run) text(line int64) string {
	if line < burst {
		return fmt.Sprintf("INFO %s/%s run %d: %s", r.pod, r.container, r.restart, starts[line])
	}
	chance := number(r.pod, r.container, strconv.FormatInt(line, 10))
	level := levels[chance%uint64(len(levels))]
	status := map[string]int{"ERROR": 500, "WARN": 404}[level]
	if status == 0 {
		status = 200
	}
	return fmt.Sprintf("%s request %d GET /items/%d %d %dms", level, line, chance%100, status, chance%90+1)
}

func (r run) lastWords() string {
	if r.reason == "OOMKilled" {
		return "ERROR cannot allocate memory"
	}
	return fmt.Sprintf("ERROR fatal: giving up with exit code %d", r.exitCode)
}

// logWriter writes lines until the byte limit is used up.
type logWriter struct {
	out        io.Writer
	left       int64
	timestamps bool
}

var errLimit = errors.New("byte limit reached")

func (w *logWriter) line(moment time.Time, text string) error {
	if w.timestamps {
		text = moment.UTC().Format(time.RFC3339Nano) + " " + text
	}
	content := []byte(text + "\n")
	if w.left >= 0 && int64(len(content)) > w.left {
		content = content[:w.left]
	}
	if _, err := w.out.Write(content); err != nil {
		return err
	}
	if w.left >= 0 {
		if w.left -= int64(len(content)); w.left == 0 {
			return errLimit
		}
	}
	return nil
}

// serveLogs answers GET /containerLogs/{namespace}/{pod}/{container}.
func (s *server) serveLogs(response http.ResponseWriter, request *http.Request) {
	namespace, name, wanted := request.PathValue("namespace"), request.PathValue("pod"), request.PathValue("container")
	query, err := parseLogQuery(request.URL.Query(), time.Now())
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	ctx := request.Context()
	pod, found, err := s.store.find(ctx, namespace, name, wanted)
	if err != nil {
		http.Error(response, err.Error(), http.StatusNotFound)
		return
	}
	life, err := runOf(pod, found, query.previous)
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	response.Header().Set("Content-Type", "text/plain")
	flush := http.NewResponseController(response)
	writer := &logWriter{out: response, left: query.limit, timestamps: query.timestamps}
	next, err := writeKnown(writer, life, query)
	for err == nil && query.follow && life.finished == nil {
		_ = flush.Flush()
		select {
		case <-request.Context().Done():
			return
		case <-time.After(min(followEvery, max(time.Until(life.timeOf(next)), time.Millisecond))):
		}
		life, err = s.followed(ctx, pod, found.name, life)
		if err == nil {
			next, err = writeFrom(writer, life, next)
		}
	}
}

// followed looks again at a container whose log is followed; its end, or another start, ends the log.
func (s *server) followed(ctx context.Context, seen *corev1.Pod, wanted string, life run) (run, error) {
	pod, err := s.store.since(ctx, seen)
	if err != nil {
		return life, err
	}
	found, err := containerOf(pod, wanted)
	if err != nil {
		return life, err
	}
	now, err := runOf(pod, found, false)
	if err != nil {
		return life, err
	}
	if !now.started.Equal(life.started) {
		return life, io.EOF
	}
	return now, nil
}

// writeKnown writes what exists already, after tail and since, and returns the number of the next line.
func writeKnown(writer *logWriter, life run, query logQuery) (int64, error) {
	total := life.writtenBy(time.Now())
	failed := life.finished != nil && life.exitCode != 0
	first := max(total-kept, 0)
	if query.tail >= 0 {
		tail := query.tail
		if failed && tail > 0 {
			tail--
		}
		first = max(first, total-tail)
	}
	for first < total && life.timeOf(first).Before(query.since) {
		first++
	}
	if query.tail == 0 {
		return total, nil
	}
	return writeFrom(writer, life, first)
}

func writeFrom(writer *logWriter, life run, first int64) (int64, error) {
	total := life.writtenBy(time.Now())
	line := first
	for ; line < total; line++ {
		if err := writer.line(life.timeOf(line), life.text(line)); err != nil {
			return line, err
		}
	}
	if life.finished != nil && life.exitCode != 0 {
		return line, writer.line(*life.finished, life.lastWords())
	}
	return line, nil
}
