"""The commands a simulated container knows besides its shells."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from k9py.sim.workloads.files import FileError, Files

if TYPE_CHECKING:
    from k9py.sim.workloads.shell import Shell


class Terminal(Protocol):
    """Where a process reads and writes."""

    async def read(self) -> bytes:
        """Return what was typed or sent; empty bytes at the end."""

    async def write(self, data: bytes, *, error: bool = False) -> None:
        """Write to standard output or standard error."""


class Exit(Exception):
    """The shell was told to exit."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Call:
    """One command being run."""

    shell: Shell
    argv: list[str]
    data: bytes
    """What a pipe brings; empty without one."""
    out: Terminal

    @property
    def files(self) -> Files:
        """The container's files."""
        return self.shell.place.files

    @property
    def operands(self) -> list[str]:
        """Arguments that are no options."""
        return [word for word in self.argv[1:] if not word.startswith("-") or word == "-"]

    def path(self, text: str) -> str:
        """Return the absolute path of an argument."""
        return Files.resolve(text, self.shell.directory)

    async def say(self, text: str) -> None:
        """Write to standard output."""
        await self.out.write(text.encode())

    async def complain(self, text: str, code: int = 1) -> int:
        """Write to standard error after the command's name; returns the exit code."""
        await self.out.write(f"{self.argv[0]}: {text}\n".encode(), error=True)
        return code

    async def input(self) -> bytes:
        """Return all of standard input."""
        if self.data:
            return self.data
        chunks = []
        while chunk := await self.shell.terminal.read():
            chunks.append(chunk)
        return b"".join(chunks)


Command = Callable[[Call], Awaitable[int]]


async def _echo(call: Call) -> int:
    words, end = call.argv[1:], "\n"
    if words[:1] == ["-n"]:
        words, end = words[1:], ""
    await call.say(" ".join(words) + end)
    return 0


async def _pass_on(call: Call) -> None:
    """Write what a pipe brings, else what is typed, line by line as it comes."""
    await call.out.write(call.data)
    while not call.data and (chunk := await call.shell.terminal.read()):
        await call.out.write(chunk)


async def _cat(call: Call) -> int:
    code = 0
    for name in call.operands or ["-"]:
        if name == "-":
            await _pass_on(call)
            continue
        try:
            await call.out.write(call.files.read(call.path(name)))
        except FileError as error:
            code = await call.complain(
                f"can't open '{name}': {error}" if "No such" in str(error) else f"{name}: {error}"
            )
    return code


async def _ls(call: Call) -> int:
    long = any("l" in word for word in call.argv[1:] if word.startswith("-"))
    code = 0
    for name in call.operands or ["."]:
        path = call.path(name)
        try:
            names = call.files.children(path)
        except FileError as error:
            code = await call.complain(f"{name}: {error}")
            continue
        base = path if call.files.is_directory(path) else path.rsplit("/", 1)[0]
        for item in names:
            full = Files.resolve(item, base)
            content = call.files.entries.get(full)
            kind = "drwxr-xr-x" if content is None else "-rw-r--r--"
            size = 4096 if content is None else len(content)
            await call.say(f"{kind}    1 root     root  {size:>9} Jan  1 00:00 {item}\n" if long else f"{item}\n")
    return code


async def _cd(call: Call) -> int:
    path = call.path(call.operands[0] if call.operands else call.shell.env.get("HOME", "/root"))
    if not call.files.is_directory(path):
        return await call.complain(f"can't cd to {call.operands[0]}: No such file or directory", 2)
    call.shell.directory = path
    return 0


async def _pwd(call: Call) -> int:
    await call.say(call.shell.directory + "\n")
    return 0


async def _env(call: Call) -> int:
    wanted = call.operands if call.argv[0] == "printenv" else []
    if wanted and wanted[0] not in call.shell.env:
        return 1
    for name, value in call.shell.env.items():
        if wanted and name == wanted[0]:
            await call.say(value + "\n")
        elif not wanted:
            await call.say(f"{name}={value}\n")
    return 0


async def _ps(call: Call) -> int:
    await call.say("PID   USER     TIME  COMMAND\n")
    for pid, _share, command in call.shell.place.processes():
        await call.say(f"{pid:>5} root      0:00 {command}\n")
    await call.say(f"{41:>5} root      0:00 {' '.join(call.argv)}\n")
    return 0


async def _top(call: Call) -> int:
    await call.say("Mem: 8142736K used, 8250556K free\nCPU:   4% usr   1% sys   0% nic  94% idle\n")
    await call.say("  PID USER     STAT %CPU COMMAND\n")
    for pid, share, command in call.shell.place.processes():
        await call.say(f"{pid:>5} root     S    {share:>4} {command}\n")
    return 0


async def _sleep(call: Call) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", call.operands[0] if call.operands else "")
    if match is None:
        return await call.complain(f"invalid time interval '{' '.join(call.operands)}'")
    await call.shell.place.clock.sleep(float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]])
    return 0


async def _exit(call: Call) -> int:
    text = call.operands[0] if call.operands else str(call.shell.status)
    raise Exit(int(text) % 256 if text.isdigit() else 2)


async def _stty(call: Call) -> int:
    columns, rows = call.shell.place.size()
    if not call.shell.place.tty:
        return await call.complain("standard input: Inappropriate ioctl for device")
    await call.say(
        f"{rows} {columns}\n" if "size" in call.argv else f"speed 38400 baud; rows {rows}; columns {columns};\n"
    )
    return 0


async def _tty(call: Call) -> int:
    await call.say("/dev/pts/0\n" if call.shell.place.tty else "not a tty\n")
    return 0 if call.shell.place.tty else 1


async def _which(call: Call) -> int:
    names = [word for word in call.operands if word != "command"]
    found = [name for name in names if call.shell.knows(name)]
    for name in found:
        await call.say(f"/bin/{name}\n")
    return 0 if names and len(found) == len(names) else 1


async def _fixed(call: Call) -> int:
    host = call.shell.env.get("HOSTNAME", "")
    texts = {
        "hostname": host,
        "whoami": "root",
        "id": "uid=0(root) gid=0(root) groups=0(root)",
        "uname": "Linux" if len(call.argv) == 1 else f"Linux {host} 6.12.43+deb13-amd64 x86_64 GNU/Linux",
        "clear": "\x1b[H\x1b[J",
    }
    text = texts[call.argv[0].rsplit("/", 1)[-1]]
    await call.say(text if text.startswith("\x1b") else text + "\n")
    return 0


async def _date(call: Call) -> int:
    now = datetime.fromtimestamp(call.shell.place.clock.now(), UTC)
    await call.say(now.strftime("%a %b %e %H:%M:%S UTC %Y\n"))
    return 0


async def _test(call: Call) -> int:
    """``test`` and ``[``: files, texts and whole numbers, and ``!`` before one of them."""
    words = call.argv[1:]
    if call.argv[0] == "[":
        if words[-1:] != ["]"]:
            return await call.complain("missing ]", 2)
        words = words[:-1]
    negated = words[:1] == ["!"]
    try:
        found = _holds(call, words[1:] if negated else words)
    except ValueError:
        return await call.complain(f"{' '.join(words)}: bad expression", 2)
    return int(found == negated)


def _holds(call: Call, words: list[str]) -> bool:
    """Return what an expression of up to three words says; raises ValueError."""
    if len(words) < 2:
        return bool(words and words[0])
    if len(words) == 2:
        letter, path = words[0], call.path(words[1])
        tests = {"-d": call.files.is_directory(path), "-e": path in call.files.entries}
        tests |= {"-f": tests["-e"] and not tests["-d"], "-z": not words[1], "-n": bool(words[1])}
        tests["-s"] = tests["-f"] and bool(call.files.entries[path])
        if letter not in tests:
            raise ValueError(letter)
        return tests[letter]
    left, sign, right = words
    if sign in ("=", "==", "!="):
        return (left == right) == (sign != "!=")
    number, other = int(left), int(right)
    numbers = {"-eq": number == other, "-ne": number != other, "-lt": number < other}
    numbers |= {"-le": number <= other, "-gt": number > other, "-ge": number >= other}
    if sign not in numbers:
        raise ValueError(sign)
    return numbers[sign]


async def _true(_call: Call) -> int:
    return 0


async def _false(_call: Call) -> int:
    return 1


async def _lines(call: Call) -> int:
    """``head``, ``tail``, ``wc`` and ``grep`` on a pipe or a file."""
    name, operands = call.argv[0].rsplit("/", 1)[-1], call.operands
    pattern = operands.pop(0) if name == "grep" and operands else ""
    count = next((int(word.lstrip("-n")) for word in call.argv[1:] if re.fullmatch(r"-n?\d+", word)), 10)
    if name in ("head", "tail") and "-n" in call.argv:
        count = int(call.argv[call.argv.index("-n") + 1])
        operands.remove(str(count))
    try:
        data = call.files.read(call.path(operands[0])) if operands else await call.input()
    except FileError as error:
        return await call.complain(f"{operands[0]}: {error}")
    lines = data.decode(errors="replace").splitlines()
    if name == "wc":
        counts = {"l": data.count(b"\n"), "w": len(data.split()), "c": len(data)}
        asked = [letter for word in call.argv[1:] if word.startswith("-") for letter in word[1:] if letter in counts]
        await call.say(" ".join(str(counts[letter]) for letter in asked or counts) + "\n")
        return 0
    if name == "grep":
        chosen = [line for line in lines if pattern in line]
    else:
        chosen = lines[:count] if name == "head" else lines[-count:]
    await call.say("".join(line + "\n" for line in chosen))
    return 0 if chosen or name != "grep" else 1


async def _change(call: Call) -> int:
    """``touch``, ``mkdir`` and ``rm``."""
    name = call.argv[0].rsplit("/", 1)[-1]
    for text in call.operands:
        path = call.path(text)
        try:
            if name == "rm":
                call.files.remove(path)
            elif name == "mkdir" and "-p" in call.argv:
                call.files.add(path, None)
            else:
                content = None if name == "mkdir" else call.files.entries.get(path) or b""
                call.files.write(path, content)
        except FileError as error:
            if not (name == "rm" and "-f" in "".join(call.argv[1:])):
                return await call.complain(f"{text}: {error}")
    return 0


async def _tar(call: Call) -> int:
    """Enough of tar to copy in and out: ``cf - PATHS`` and ``xf -``, with ``-C``."""
    options = call.argv[1].lstrip("-") if len(call.argv) > 1 else ""
    rest = call.argv[2:]
    directory = call.shell.directory
    if "-C" in rest:
        where = rest.index("-C")
        directory = call.path(rest[where + 1])
        rest = rest[:where] + rest[where + 2 :]
    operands = [word for word in rest if not word.startswith("-") or word == "-"]
    if not call.files.is_directory(directory):
        await call.complain(f"{directory}: Cannot open: No such file or directory")
        return await call.complain("Error is not recoverable: exiting now", 2)
    try:
        if "c" in options:
            packed, missing = _pack(call.files, directory, operands[1:])
            if any(name.startswith("/") for name in operands[1:]):
                await call.complain("Removing leading `/' from member names")
            await call.out.write(packed)
            for name in missing:
                await call.complain(f"{name}: Cannot stat: No such file or directory")
            return await call.complain("Exiting with failure status due to previous errors", 2) if missing else 0
        _unpack(call.files, directory, await call.input())
    except (FileError, tarfile.TarError) as error:
        return await call.complain(str(error), 2)
    return 0


async def _tr(call: Call) -> int:
    """``tr`` of two sets with ranges, or ``-d`` of one."""
    sets = [re.sub(r"(.)-(.)", _range, word) for word in call.operands]
    text = (await call.input()).decode(errors="replace")
    if "-d" in call.argv and sets:
        await call.say(text.translate({ord(letter): None for letter in sets[0]}))
        return 0
    if len(sets) < 2 or not sets[1]:
        return await call.complain("missing operand")
    padded = sets[1] + sets[1][-1] * max(0, len(sets[0]) - len(sets[1]))
    await call.say(text.translate(dict(zip(map(ord, sets[0]), padded, strict=False))))
    return 0


def _range(match: re.Match[str]) -> str:
    return "".join(map(chr, range(ord(match[1]), ord(match[2]) + 1)))


def _pack(files: Files, directory: str, names: list[str]) -> tuple[bytes, list[str]]:
    """Return an archive, and the names that are not there."""
    missing: list[str] = []
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in names:
            top = Files.resolve(name, directory)
            inside = [item for item in files.entries if item == top or item.startswith(top.rstrip("/") + "/")]
            if not inside:
                missing.append(name)
            for item in sorted(inside):
                content = files.entries[item]
                entry = tarfile.TarInfo((name.rstrip("/") + item[len(top) :]).lstrip("/") or ".")
                entry.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
                entry.mode = 0o755 if content is None else 0o644
                entry.size = len(content or b"")
                archive.addfile(entry, io.BytesIO(content or b""))
    return buffer.getvalue(), missing


def _unpack(files: Files, directory: str, data: bytes) -> None:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r|*") as archive:
        for entry in archive:
            path = Files.resolve(entry.name, directory)
            for above in [path[:end] for end, letter in enumerate(path) if letter == "/" and end]:
                if not files.is_directory(above):
                    files.write(above, None)
            if entry.isdir():
                if not files.is_directory(path):
                    files.write(path, None)
            elif entry.isfile():
                stream = archive.extractfile(entry)
                files.write(path, stream.read() if stream else b"")


COMMANDS: dict[str, Command] = {
    "[": _test,
    "cat": _cat,
    "cd": _cd,
    "clear": _fixed,
    "command": _which,
    "date": _date,
    "echo": _echo,
    "env": _env,
    "exit": _exit,
    "false": _false,
    "grep": _lines,
    "head": _lines,
    "hostname": _fixed,
    "id": _fixed,
    "ls": _ls,
    "mkdir": _change,
    "printenv": _env,
    "ps": _ps,
    "pwd": _pwd,
    "rm": _change,
    "sleep": _sleep,
    "stty": _stty,
    "tail": _lines,
    "tar": _tar,
    "test": _test,
    "top": _top,
    "touch": _change,
    "tr": _tr,
    "true": _true,
    "tty": _tty,
    "uname": _fixed,
    "wc": _lines,
    "which": _which,
    "whoami": _fixed,
}
"""What can be run besides shells."""
