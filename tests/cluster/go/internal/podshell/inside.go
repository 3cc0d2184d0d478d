package podshell

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// InsideCommand is the hidden component that finishes the isolation from within and becomes the command.
const InsideCommand = "pod-shell"

// shared are the machine's folders a container sees read-only; links among them are made again inside.
var shared = []string{"/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32"}

// accounts gives the two users that can be seen inside their names.
var accounts = map[string]string{
	"passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n",
	"group":  "root:x:0:\nnogroup:x:65534:\n",
}

var devices = []string{"null", "zero", "full", "random", "urandom", "tty"}

// isolated makes the process: as root in namespaces of its own by way of InsideCommand, otherwise simply in
// the container's folder, unprivileged as the caller is.
func isolated(ctx context.Context, wanted Command) *exec.Cmd {
	if os.Geteuid() != 0 {
		command := exec.CommandContext(ctx, wanted.Arguments[0], wanted.Arguments[1:]...)
		command.Dir = wanted.Root
		command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: wanted.TTY, Pdeathsig: syscall.SIGKILL}
		command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
		return command
	}
	arguments := append([]string{InsideCommand, wanted.Root, wanted.Hostname}, wanted.Arguments...)
	command := exec.CommandContext(ctx, "/proc/self/exe", arguments...)
	command.Dir = "/"
	command.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Setctty:    wanted.TTY,
		Pdeathsig:  syscall.SIGKILL,
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
	}
	return command
}

// Inside is run as the first process of new namespaces: ROOT HOSTNAME COMMAND [ARGUMENT...]. It only returns
// when the command could not be started.
func Inside(arguments []string) error {
	if len(arguments) < 3 {
		return errors.New("usage: " + InsideCommand + " ROOT HOSTNAME COMMAND [ARGUMENT...]")
	}
	root, hostname, command := arguments[0], arguments[1], arguments[2:]
	if err := furnish(root); err != nil {
		return fmt.Errorf("file system: %w", err)
	}
	if err := unix.Sethostname([]byte(hostname)); err != nil {
		return err
	}
	if err := enter(root); err != nil {
		return fmt.Errorf("entering: %w", err)
	}
	program, err := lookUp(command[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(commandNotFound)
	}
	return syscall.Exec(program, command, os.Environ())
}

// furnish mounts what a container's file system has; the mounts are seen in this mount namespace alone.
func furnish(root string) error {
	if err := unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""); err != nil {
		return err
	}
	for _, folder := range shared {
		if err := share(root, folder); err != nil {
			return fmt.Errorf("%s: %w", folder, err)
		}
	}
	for _, folder := range []string{"tmp", "etc", "dev", "proc", "var", "data"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
			return err
		}
	}
	for _, writable := range []string{"tmp", "var", "data"} {
		if err := os.Chown(filepath.Join(root, writable), nobody, nobody); err != nil {
			return err
		}
	}
	for file, content := range accounts {
		if err := os.WriteFile(filepath.Join(root, "etc", file), []byte(content), 0o644); err != nil {
			return err
		}
	}
	for _, device := range devices {
		if err := shareDevice(root, "/dev/"+device); err != nil {
			return fmt.Errorf("%s: %w", device, err)
		}
	}
	terminals := filepath.Join(root, "dev/pts")
	if err := os.MkdirAll(terminals, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("/dev/pts", terminals, "", unix.MS_BIND, ""); err != nil {
		return err
	}
	return unix.Mount("proc", filepath.Join(root, "proc"), "proc", unix.MS_NOSUID|unix.MS_NOEXEC|unix.MS_NODEV, "")
}

func share(root, folder string) error {
	target := filepath.Join(root, folder)
	information, err := os.Lstat(folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if information.Mode()&os.ModeSymlink != 0 {
		link, err := os.Readlink(folder)
		if err != nil {
			return err
		}
		if err := os.Symlink(link, target); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
		return nil
	}
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(folder, target, "", unix.MS_BIND, ""); err != nil {
		return err
	}
	return unix.Mount("", target, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY|unix.MS_NOSUID, "")
}

func shareDevice(root, device string) error {
	target := filepath.Join(root, device)
	file, err := os.OpenFile(target, os.O_CREATE|os.O_RDONLY, 0o644)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return unix.Mount(device, target, "", unix.MS_BIND, "")
}

// enter makes root the whole file system and gives up every privilege for good.
func enter(root string) error {
	if err := unix.Chroot(root); err != nil {
		return err
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	if err := syscall.Setgroups(nil); err != nil {
		return err
	}
	if err := syscall.Setgid(nobody); err != nil {
		return err
	}
	if err := syscall.Setuid(nobody); err != nil {
		return err
	}
	// Giving up the user cleared this: nothing may outlive the endpoint, however it ends.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0, 0, 0); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}

func lookUp(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	return exec.LookPath(name)
}
