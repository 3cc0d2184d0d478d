// Package podshell runs one command the way a container would: unprivileged, in a file system of its own,
// with its exit code kept and its standard input closed when the caller closes it.
package podshell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/creack/pty"
)

const (
	// nobody is who a command runs as when the test cluster itself runs as root.
	nobody = 65534
	// path is searched for commands; the machine's own programs are seen inside, read-only.
	path = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
	// outputGrace is for output still on its way when the command has ended but a child keeps the pipe open.
	outputGrace = time.Second
	// commandNotFound is what shells and container runtimes exit with.
	commandNotFound = 127
)

// Size is a terminal's size.
type Size struct{ Columns, Rows uint16 }

// Command is what to run and where its streams go; nil streams are not wanted.
type Command struct {
	Root        string
	Hostname    string
	Arguments   []string
	Environment []string
	In          io.Reader
	Out, Err    io.Writer
	TTY         bool
	Sizes       <-chan Size
}

// ExitError says that the command ran and failed; it has the methods the streaming library asks for.
type ExitError struct{ Code int }

func (e ExitError) Error() string   { return fmt.Sprintf("exit status %d", e.Code) }
func (e ExitError) String() string  { return e.Error() }
func (e ExitError) Exited() bool    { return true }
func (e ExitError) ExitStatus() int { return e.Code }

// Run runs the command to its end; when ctx ends first, everything it started is killed.
func Run(ctx context.Context, wanted Command) error {
	if len(wanted.Arguments) == 0 {
		return errors.New("no command given")
	}
	if err := findProgram(wanted.Arguments[0]); err != nil {
		return err
	}
	command, err := prepare(ctx, wanted)
	if err != nil {
		return err
	}
	if wanted.TTY {
		return runWithTerminal(command, wanted)
	}
	return runWithPipes(command, wanted)
}

// findProgram fails early, since a shell inside could not tell a missing program from its own exit code.
func findProgram(name string) error {
	if strings.Contains(name, "/") {
		return nil
	}
	for _, folder := range filepath.SplitList(path) {
		if information, err := os.Stat(filepath.Join(folder, name)); err == nil && information.Mode()&0o111 != 0 {
			return nil
		}
	}
	return fmt.Errorf("exec: %q: executable file not found in $PATH", name)
}

func prepare(ctx context.Context, wanted Command) (*exec.Cmd, error) {
	if os.Geteuid() == 0 {
		if err := os.Chown(wanted.Root, nobody, nobody); err != nil {
			return nil, err
		}
	}
	environment := append([]string{"PATH=" + path, "HOME=/", "TERM=xterm"}, wanted.Environment...)
	command := isolated(ctx, wanted)
	command.Env = environment
	command.WaitDelay = outputGrace
	return command, nil
}

func runWithPipes(command *exec.Cmd, wanted Command) error {
	command.Stdout, command.Stderr = wanted.Out, wanted.Err
	if wanted.In == nil {
		return exitOf(command.Run())
	}
	input, err := command.StdinPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	// Not the command's own copier: Wait would then wait for the caller to close a stream it keeps open.
	go func() {
		_, _ = io.Copy(input, wanted.In)
		_ = input.Close()
	}()
	return exitOf(command.Wait())
}

func runWithTerminal(command *exec.Cmd, wanted Command) error {
	terminal, err := pty.StartWithAttrs(command, nil, command.SysProcAttr)
	if err != nil {
		return err
	}
	defer terminal.Close()
	go func() {
		for size := range wanted.Sizes {
			_ = pty.Setsize(terminal, &pty.Winsize{Cols: size.Columns, Rows: size.Rows})
		}
	}()
	if wanted.In != nil {
		go func() { _, _ = io.Copy(terminal, wanted.In) }()
	}
	var output sync.WaitGroup
	if wanted.Out != nil {
		output.Go(func() { _, _ = io.Copy(wanted.Out, terminal) })
	}
	ended := command.Wait()
	output.Wait()
	return exitOf(ended)
}

// exitOf turns the end of a process into the exit code a container runtime reports.
func exitOf(err error) error {
	var exited *exec.ExitError
	if err == nil || errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	if !errors.As(err, &exited) {
		return err
	}
	if status, ok := exited.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return ExitError{128 + int(status.Signal())}
	}
	return ExitError{exited.ExitCode()}
}
