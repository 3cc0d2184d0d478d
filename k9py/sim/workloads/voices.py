"""What programs write to their logs: lines by voice, the same every time they are asked for.

A voice is three things: what it says when it starts, what it says while it runs (drawn from a slot of time, so that any
stretch of a long log can be made without the rest), and what it says when it ends.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

Lines = list[tuple[float, str]]
"""(seconds after the start of the slot or run, text without its line feed)"""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a line may refer to."""

    now: float
    """Unix time of the line."""
    pod: str
    ip: str
    rate: float
    """Requests per second the pod gets."""

    @property
    def iso(self) -> str:
        """The time as most programs write it."""
        return datetime.fromtimestamp(self.now, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(self.now % 1 * 1000):03d}Z"

    def written(self, form: str) -> str:
        """The time by a strftime pattern."""
        return datetime.fromtimestamp(self.now, UTC).strftime(form)


Say = Callable[[random.Random, Moment], str]


@dataclass(frozen=True, slots=True)
class Voice:
    """How one kind of program talks."""

    boot: tuple[str, ...] = ()
    """Lines at the start; {pod}, {ip}, {iso} and the like are filled in."""
    says: Say | None = None
    every: float = 0.0
    """Mean seconds between lines that do not depend on requests; 0: none."""
    request: Say | None = None
    """A line per request."""
    last: tuple[str, ...] = ()
    """Lines when it ends by itself."""
    stopped: tuple[str, ...] = ()
    """Lines when it is told to stop."""


_PATHS = (
    "/",
    "/assets/app.3f9c.js",
    "/assets/main.css",
    "/api/items?page=2",
    "/favicon.ico",
    "/img/dog-17.webp",
    "/cart",
)
_AGENTS = ("Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0", "curl/8.14.1", "okhttp/5.1.0")


def _client(source: random.Random) -> str:
    return f"10.244.{source.randrange(6)}.{source.randrange(2, 250)}"


def _nginx(source: random.Random, moment: Moment) -> str:
    status = source.choices((200, 304, 404, 499), (88, 8, 3, 1))[0]
    path, agent = source.choice(_PATHS), source.choice(_AGENTS)
    stamp = moment.written("%d/%b/%Y:%H:%M:%S +0000")
    asked = f'"GET {path} HTTP/1.1" {status} {source.randrange(120, 48000)}'
    return f'{_client(source)} - - [{stamp}] {asked} "-" "{agent}" "-"'


def _flask(source: random.Random, moment: Moment) -> str:
    verb = source.choices(("GET", "POST", "PUT"), (8, 1, 1))[0]
    path = source.choice(("/animals", "/animals/42", "/animals?kind=dog", "/shelters", "/adoptions"))
    status = source.choices((200, 201, 404, 500), (90, 5, 4, 1))[0]
    return f'{_client(source)} - - [{moment.written("%d/%b/%Y %H:%M:%S")}] "{verb} {path} HTTP/1.1" {status} -'


def _json(source: random.Random, moment: Moment) -> str:
    level = source.choices(("info", "warn", "error"), (94, 5, 1))[0]
    message = {
        "info": source.choice(("request served", "cache refreshed", "order accepted", "session opened")),
        "warn": source.choice(("slow query", "retrying upstream", "queue above threshold")),
        "error": source.choice(("upstream timed out", "connection reset by peer")),
    }[level]
    return (
        f'{{"ts":"{moment.iso}","level":"{level}","msg":"{message}","trace":"{source.getrandbits(64):016x}",'
        f'"ms":{source.randrange(2, 900)}}}'
    )


def _colour(source: random.Random, moment: Moment) -> str:
    level, colour = source.choices((("INFO", 32), ("DEBUG", 36), ("WARN", 33), ("ERROR", 31)), (70, 20, 8, 2))[0]
    text = source.choice(
        ("token issued", "session refreshed", "password check", "jwks rotated", "login from Zürich 🐕")
    )
    mark = f"\x1b[{colour}m{level:>5}\x1b[0m \x1b[1mauth\x1b[0m"
    return f"\x1b[2m{moment.iso}\x1b[0m {mark}: {text} user={source.randrange(9999)}"


def _redis(source: random.Random, moment: Moment) -> str:
    stamp = moment.written("%d %b %Y %H:%M:%S.") + f"{int(moment.now % 1 * 1000):03d}"
    changes = source.randrange(100, 900)
    return f"1:M {stamp} * {changes} changes in 300 seconds. Saving..."


def _mysql(source: random.Random, moment: Moment) -> str:
    number = source.randrange(10, 9000)
    text = f"Aborted connection {number} to db: 'animals' user: 'api'"
    return f"{moment.iso[:-1]}000Z {number} [Note] [MY-010914] [Server] {text}"


def _postgres(source: random.Random, moment: Moment) -> str:
    stamp = moment.written("%Y-%m-%d %H:%M:%S.") + f"{int(moment.now % 1 * 1000):03d}"
    return (
        f"{stamp} UTC [{source.randrange(30, 90)}] LOG:  checkpoint complete: wrote {source.randrange(4, 400)} buffers"
    )


def _klog(source: random.Random, moment: Moment) -> str:
    level = source.choices("IWE", (95, 4, 1))[0]
    name = source.choice(("reflector.go:446", "controller.go:231", "server.go:214", "proxier.go:828"))
    text = source.choice(
        ('"Caches are synced"', '"Syncing rules"', '"Watch closed" items=17', '"Reconciled" took="4.1ms"')
    )
    return f"{level}{moment.written('%m%d %H:%M:%S.')}{int(moment.now % 1 * 1e6):06d}       1 {name}] {text}"


def _spring(source: random.Random, moment: Moment) -> str:
    level = source.choices((" INFO", " WARN", "ERROR"), (93, 6, 1))[0]
    logger = source.choice(
        ("c.a.ledger.PostingService", "o.s.web.servlet.DispatcherServlet", "c.zaxxer.hikari.HikariPool")
    )
    text = source.choice(("Posted batch of 40 entries", "Pool stats (total=10, active=2, idle=8)", "Completed 200 OK"))
    return f"{moment.iso} {level} 1 --- [nio-8080-exec-{source.randrange(1, 9)}] {logger:<40} : {text}"


def _access(source: random.Random, moment: Moment) -> str:
    path = source.choice(("/api/v1/items", "/api/v1/orders", "/metrics", "/api/v1/users/7"))
    status = source.choices((200, 204, 404, 502), (92, 4, 3, 1))[0]
    return f"{moment.iso} {_client(source)} GET {path} {status} {source.randrange(1, 240)}ms"


def _dns(source: random.Random, moment: Moment) -> str:
    name = source.choice(("redis.shop.svc.cluster.local.", "mysql.default.svc.cluster.local.", "example.org."))
    asker = f"{_client(source)}:{source.randrange(30000, 60000)}"
    return f'[INFO] {asker} - {source.randrange(65535)} "A IN {name} udp 52 false 512" NOERROR'


def _batch(source: random.Random, moment: Moment) -> str:
    return f"{moment.iso} INFO processed {source.randrange(40, 4000)} rows of chunk {source.randrange(1, 90)}"


_TRACE = (
    "Loading model from /models/v9 ...",
    "Traceback (most recent call last):",
    '  File "/app/main.py", line 41, in <module>',
    "    app = create_app(Settings.from_environment())",
    '  File "/app/recommender/app.py", line 88, in create_app',
    "    index = load_index(settings.model_path)",
    '  File "/app/recommender/index.py", line 23, in load_index',
    '    with open(path / "manifest.json") as stream:',
    "FileNotFoundError: [Errno 2] No such file or directory: '/models/v9/manifest.json'",
)
_JAVA_OOM = (
    "{iso}  WARN 1 --- [   scheduling-1] c.a.enrich.Cache                         : cache holds 1.9M entries",
    'Exception in thread "pool-2-thread-7" java.lang.OutOfMemoryError: Java heap space',
    "\tat java.base/java.util.Arrays.copyOf(Arrays.java:3537)",
    "\tat java.base/java.io.ByteArrayOutputStream.ensureCapacity(ByteArrayOutputStream.java:100)",
    "\tat com.acme.enrich.Cache.store(Cache.java:142)",
    "\tat com.acme.enrich.Worker.run(Worker.java:77)",
    "\tat java.base/java.lang.Thread.run(Thread.java:1583)",
)

VOICES: dict[str, Voice] = {
    "quiet": Voice(),
    "nginx": Voice(
        (
            "/docker-entrypoint.sh: Configuration complete; ready for start up",
            "{slash} [notice] 1#1: nginx/1.29.1",
            "{slash} [notice] 1#1: start worker processes",
        ),
        request=_nginx,
        stopped=("{slash} [notice] 1#1: signal 3 (SIGQUIT) received, shutting down", "{slash} [notice] 1#1: exit"),
    ),
    "flask": Voice(
        (
            "[{gunicorn}] [1] [INFO] Starting gunicorn 23.0.0",
            "[{gunicorn}] [1] [INFO] Listening at: http://0.0.0.0:2222 (1)",
            "[{gunicorn}] [7] [INFO] Booting worker with pid: 7",
        ),
        request=_flask,
        stopped=("[{gunicorn}] [1] [INFO] Handling signal: term", "[{gunicorn}] [1] [INFO] Shutting down: Master"),
    ),
    "node": Voice(
        ("> hit-counter@2.0.0 start", "> node server.js", "connected to redis:6379", "listening on :3000"),
        request=lambda source, moment: f"{moment.iso} GET / hits={source.randrange(10**6)} pod={moment.pod}",
    ),
    "json": Voice(('{{"ts":"{iso}","level":"info","msg":"listening","addr":":8080"}}',), _json, 20.0, request=_json),
    "colour": Voice(
        ("\x1b[2m{iso}\x1b[0m \x1b[32m INFO\x1b[0m \x1b[1mauth\x1b[0m: ready",), _colour, 4.0, request=_colour
    ),
    "access": Voice(("{iso} listening on 0.0.0.0:8080",), _access, 30.0, request=_access),
    "redis": Voice(
        (
            "1:C {redis} * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo",
            "1:M {redis} * Server initialized",
            "1:M {redis} * Ready to accept connections tcp",
        ),
        _redis,
        300.0,
        stopped=("1:M {redis} # User requested shutdown...", "1:M {redis} # Redis is now ready to exit, bye bye..."),
    ),
    "mysql": Voice(
        (
            "{iso} 0 [System] [MY-010116] [Server] /usr/sbin/mysqld (mysqld 8.4.6) starting as process 1",
            "{iso} 1 [System] [MY-013576] [InnoDB] InnoDB initialization has started.",
            "{iso} 1 [System] [MY-013577] [InnoDB] InnoDB initialization has ended.",
            "{iso} 0 [System] [MY-010931] [Server] /usr/sbin/mysqld: ready for connections. port: 3306",
        ),
        _mysql,
        900.0,
        stopped=("{iso} 0 [System] [MY-010910] [Server] /usr/sbin/mysqld: Shutdown complete (mysqld 8.4.6).",),
    ),
    "postgres": Voice(("{iso} [1] LOG:  database system is ready to accept connections",), _postgres, 300.0),
    "klog": Voice(('I{klog}       1 main.go:91] "Starting"',), _klog, 25.0),
    "etcd": Voice(('{{"level":"info","ts":"{iso}","msg":"ready to serve client requests"}}',), _json, 60.0),
    "coredns": Voice(
        (".:53", "[INFO] plugin/reload: Running configuration SHA512 = 1b226df79860026c6a52", "CoreDNS-1.12.4"),
        _dns,
        6.0,
    ),
    "spring": Voice(
        (
            " :: Spring Boot ::                (v3.5.5)",
            "{iso}  INFO 1 --- [           main] c.a.ledger.Application                   : Starting Application",
            "{iso}  INFO 1 --- [           main] o.s.b.w.e.tomcat.TomcatWebServer         : Tomcat started on 8080",
        ),
        _spring,
        15.0,
        request=_spring,
    ),
    "traceback": Voice(("{iso} INFO starting 3 workers", "{iso} INFO redis://redis:6379/2 connected"), last=_TRACE),
    "java_oom": Voice(
        ("{iso}  INFO 1 --- [ main] c.a.enrich.Application : Started in 3.9 seconds",), _spring, 12.0, last=_JAVA_OOM
    ),
    "python_oom": Voice(("{iso} INFO indexing /data/documents",), _batch, 1.5),
    "deadlock": Voice(("{iso} INFO settlement engine up",), _json, 15.0),
    "migrate": Voice(
        ("{iso} connecting to postgres://postgres.data/accounts", "{iso} applying 0012_add_tenant.sql"),
        last=(
            '{iso} ERROR: column "tenant_id" of relation "accounts" already exists',
            "{iso} migration 0012 failed, rolled back",
        ),
    ),
    "batch": Voice(("{iso} INFO job started",), _batch, 2.0, last=("{iso} INFO job finished",)),
    "batch_failed": Voice(
        ("{iso} INFO fetching https://feeds.example/catalogue.xml",),
        last=("{iso} ERROR server answered 403 Forbidden", "{iso} ERROR giving up after 3 attempts"),
    ),
}
"""Every voice by name; an unknown one is quiet."""


def fill(text: str, moment: Moment) -> str:
    """Fill the times a program writes into one of its fixed lines."""
    milli = f"{int(moment.now % 1 * 1000):03d}"
    return text.format(
        iso=moment.iso,
        pod=moment.pod,
        ip=moment.ip,
        slash=moment.written("%Y/%m/%d %H:%M:%S"),
        gunicorn=moment.written("%Y-%m-%d %H:%M:%S +0000"),
        redis=moment.written("%d %b %Y %H:%M:%S.") + milli,
        klog=moment.written("%m%d %H:%M:%S.") + milli + "000",
    )
