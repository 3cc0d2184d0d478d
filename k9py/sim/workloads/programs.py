"""What a container does once it runs: how long it takes to listen, what it uses, when and how it ends."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field, replace

MIB = 1 << 20
FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class End:
    """How a program ends by itself."""

    after: float
    """Seconds of running."""
    code: int
    reason: str = ""
    """Empty: Completed for code 0, else Error."""
    message: str = ""
    """What it leaves in the termination log."""
    spread: float = 0.15
    """Share by which ``after`` varies from run to run."""

    @property
    def word(self) -> str:
        """The reason as status shows it."""
        return self.reason or ("Completed" if self.code == 0 else "Error")


@dataclass(frozen=True, slots=True)
class Program:
    """One program. Cores, bytes, seconds."""

    voice: str = "quiet"
    """Whose log lines it writes (``voices``)."""
    boot: float = 1.0
    """Seconds until it listens and answers health checks."""
    end: End | None = None
    ports: tuple[int, ...] = ()
    """Ports it listens on besides those the container declares."""
    declared_ports: bool = True
    """False when it does not listen on the ports the container declares."""
    idle_cpu: float = 0.002
    memory: int = 24 * MIB
    leak: float = 0.0
    """Bytes per second the memory grows; the limit then ends it."""
    request_cpu: float = 0.004
    """Core-seconds one request costs."""
    request_overhead: float = 0.0
    """Seconds one request waits for something other than CPU, one at a time."""
    connection_memory: int = 28 * 1024
    """Bytes one open connection holds."""
    bad_paths: dict[str, int] = field(default_factory=dict)
    """Health paths that answer with this HTTP status; 0 means they never answer."""
    sick_after: float = FOREVER
    """Seconds after which health checks get no answer any more."""
    unready: bool = False
    """True when it never gets ready."""
    start_delay: float = 0.0
    """Seconds more until a container is created the first time."""
    restart_delay: float = 0.0
    """Seconds between its end and its next run instead of the kubelet's back-off; 0 for that."""
    lines: float = 0.0
    """Log lines a second instead of what its voice says; 0 for that."""
    exec_probe: str = ""
    """What an exec probe prints when it fails; empty when it succeeds."""
    stop: float = 0.6
    """Seconds from SIGTERM to the end; longer than the grace means it is killed."""
    stop_code: int = 0
    shell: bool = True
    """False for images without one."""
    start_error: str = ""
    """Why the runtime cannot start it; empty when it can."""


IDLE = Program()
KILLED_BY_OOM = End(0, 137, "OOMKilled")
"""What the kernel does to a container above its memory limit."""
_NOT_FOUND = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    'unable to start container process: error during container init: exec: "{}": executable file not found in $PATH'
)
_COMMANDS = frozenset(
    [
        "sh",
        "bash",
        "ash",
        "sleep",
        "echo",
        "true",
        "false",
        "env",
        "cat",
        "ls",
        "date",
        "tail",
        "nginx",
        "python",
        "python3",
        "node",
        "java",
        "redis-server",
        "mysqld",
        "postgres",
        "gunicorn",
        "flask",
        "npm",
        "go",
        "top",
        "tee",
        "wget",
        "curl",
        "kubectl",
        "pg_dump",
        "mysqldump",
        "tar",
        "find",
        "printenv",
        "perl",
        "ruby",
        "php",
    ]
)


def with_command(program: Program, command: list[str], args: list[str]) -> Program:
    """Return the program a container's command and args make of its image's one."""
    if not command:
        if args and program.voice == "quiet":
            return with_command(program, args, [])
        return program
    words = [*command, *args]
    base = words[0].rsplit("/", 1)[-1]
    if base in ("sh", "bash", "ash") and "-c" in words:
        script = words[words.index("-c") + 1] if words.index("-c") + 1 < len(words) else ""
        return _script(program, script)
    if base not in _COMMANDS and "/" not in words[0] and not re.search(r"[-.]", base) and len(base) < 4:
        return replace(program, start_error=_NOT_FOUND.format(words[0]))
    return _script(program, shlex.join(words))


def not_found(executable: str) -> str:
    """Return the runtime's error for a command that is not in the image."""
    return _NOT_FOUND.format(executable)


def _script(program: Program, script: str) -> Program:
    """Read just enough shell to know how long it runs and how it ends."""
    if re.search(r"\b(while\s+(true|:)|for\s*\(\(\s*;;|tail\s+-f|sleep\s+(inf|infinity))", script):
        return replace(program, end=None)
    seconds, code, known = 0.0, 0, False
    for part in re.split(r"[;\n]|&&", script):
        words = part.split()
        if not words:
            continue
        if words[0] == "sleep" and len(words) > 1:
            seconds += _duration(words[1])
            known, code = True, 0
        elif words[0] == "exit":
            return replace(program, end=End(seconds + 0.3, int(words[1]) % 256 if len(words) > 1 else code, spread=0))
        elif words[0] in ("true", "echo", "env", "date", "ls", "printenv", "cat"):
            known, code = True, 0
        elif words[0] == "false":
            known, code = True, 1
    return replace(program, end=End(seconds + 0.3, code, spread=0)) if known else program


def _duration(text: str) -> float:
    number = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if not number:
        return 0.0
    return float(number[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[number[2]]
