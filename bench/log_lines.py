"""Lines as ten kinds of systems write them, with the statement that each line comes from.

The statements follow the systems' own messages; values are drawn, among them words without a digit
(users, tables, topics, hosts), and some statements are rare. Written once, and not changed to suit
a method.
"""

# ruff: noqa: E501, S608 - each statement of the tables stays on its line; the SQL is a line's text
from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

Draw = random.Random
Statement = Callable[[Draw], str]
Form = Callable[[Draw, datetime, str, str], str]

_USERS = ("alice", "bob", "deploy", "postgres", "svc-backup", "maria.k", "root")
_TABLES = ("orders", "order_items", "payments", "audit_log", "sessions")
_TOPICS = ("orders", "payments", "clicks", "__consumer_offsets", "audit.events")
_PATHS = ("/", "/api/orders", "/healthz", "/static/app.js", "/login", "/api/v2/items/search")
_AGENTS = ("curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64)", "kube-probe/1.29", "Go-http-client/2.0")
_NODES = ("node-a", "node-b", "worker-12", "ip-10-0-3-7")


def _ip(r: Draw) -> str:
    return ".".join(str(r.randint(1, 254)) for _ in range(4))


def _hex(r: Draw, chars: int = 16) -> str:
    return f"{r.getrandbits(chars * 4):0{chars}x}"


def _uuid(r: Draw) -> str:
    text = _hex(r, 32)
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _n(r: Draw, high: int = 9_999) -> int:
    return r.randint(1, high)


def _pod(r: Draw) -> str:
    return f"{r.choice(('checkout', 'ledger', 'web'))}-{_hex(r, 9)}-{_hex(r, 5)}"


# (level, statement): each is one template, however its values vary.
SYSTEMS: Mapping[str, Sequence[tuple[str, Statement]]] = {
    "nginx": [
        (
            "info",
            lambda r: f'"GET {r.choice(_PATHS)} HTTP/1.1" 200 {_n(r)} "-" "{r.choice(_AGENTS)}"',
        ),
        (
            "info",
            lambda r: f'"POST {r.choice(_PATHS)} HTTP/1.1" 201 {_n(r)} "-" "{r.choice(_AGENTS)}"',
        ),
    ],
    "nginx-error": [
        (
            "error",
            lambda r: (
                f'*{_n(r)} connect() failed (111: Connection refused) while connecting to upstream, client: {_ip(r)}, server: shop.example, upstream: "http://{_ip(r)}:8080{r.choice(_PATHS)}"'
            ),
        ),
        (
            "error",
            lambda r: (
                f"*{_n(r)} upstream timed out (110: Connection timed out) while reading response header from upstream, client: {_ip(r)}, server: shop.example"
            ),
        ),
        (
            "warn",
            lambda r: (
                f"*{_n(r)} a client request body is buffered to a temporary file /var/cache/nginx/client_temp/{_n(r)}, client: {_ip(r)}"
            ),
        ),
        (
            "error",
            lambda r: (
                f'*{_n(r)} open() "/usr/share/nginx/html{r.choice(_PATHS)}" failed (2: No such file or directory), client: {_ip(r)}'
            ),
        ),
        (
            "notice",
            lambda r: (
                f"signal process started, worker process {_n(r)} exited with code {r.randint(0, 2)}"
            ),
        ),
        (
            "crit",
            lambda r: (
                f"*{_n(r)} SSL_do_handshake() failed (SSL: error:{_hex(r, 8)}) while SSL handshaking, client: {_ip(r)}"
            ),
        ),
    ],
    "postgres": [
        ("LOG", lambda r: f"connection received: host={_ip(r)} port={_n(r, 65_535)}"),
        (
            "LOG",
            lambda r: (
                f"connection authorized: user={r.choice(_USERS)} database=shop application_name=psql"
            ),
        ),
        (
            "LOG",
            lambda r: (
                f"duration: {_n(r)}.{_n(r, 999)} ms  statement: SELECT id, total FROM {r.choice(_TABLES)} WHERE id = {_n(r)}"
            ),
        ),
        (
            "LOG",
            lambda r: (
                f"checkpoint complete: wrote {_n(r)} buffers ({r.randint(0, 99)}.{r.randint(0, 9)}%); 0 WAL file(s) added, {r.randint(0, 5)} removed"
            ),
        ),
        (
            "LOG",
            lambda r: (
                f'automatic vacuum of table "shop.public.{r.choice(_TABLES)}": index scans: {r.randint(0, 3)}'
            ),
        ),
        (
            "ERROR",
            lambda r: f'duplicate key value violates unique constraint "{r.choice(_TABLES)}_pkey"',
        ),
        (
            "ERROR",
            lambda r: (
                f"deadlock detected for process {_n(r)} waiting for ShareLock on transaction {_n(r)}"
            ),
        ),
        ("FATAL", lambda r: f'password authentication failed for user "{r.choice(_USERS)}"'),
        (
            "FATAL",
            lambda _: (
                "remaining connection slots are reserved for roles with the SUPERUSER attribute"
            ),
        ),
    ],
    "kubelet": [
        (
            "I",
            lambda r: (
                f'"SyncLoop (PLEG): event for pod" pod="shop/{_pod(r)}" event={{ID:{_uuid(r)} Type:ContainerStarted}}'
            ),
        ),
        ("I", lambda r: f'"RemoveContainer" containerID="{_hex(r, 64)}"'),
        (
            "E",
            lambda r: (
                f'"Error syncing pod, skipping" err="failed to StartContainer for app with CrashLoopBackOff: back-off {_n(r, 300)}s" pod="shop/{_pod(r)}"'
            ),
        ),
        (
            "W",
            lambda r: (
                f"Probe failed for {_pod(r)}: HTTP probe failed with statuscode: {r.choice((500, 503))}"
            ),
        ),
        (
            "I",
            lambda r: (
                f"Image garbage collection: disk usage on image filesystem is at {r.randint(50, 99)}% which is over the high threshold"
            ),
        ),
        (
            "E",
            lambda r: (
                f"Unable to attach or mount volumes for pod {_pod(r)}: timed out waiting for the condition"
            ),
        ),
        ("I", lambda r: f"Node {r.choice(_NODES)} status is now: NodeReady"),
    ],
    "jvm": [
        ("INFO", lambda r: f"Tomcat started on port {_n(r, 65_535)} (http) with context path ''"),
        (
            "INFO",
            lambda r: (
                f"HikariPool-{r.randint(1, 3)} - Added connection conn{_n(r)}: url=jdbc:h2:mem user=SA"
            ),
        ),
        (
            "WARN",
            lambda r: (
                f"HikariPool-{r.randint(1, 3)} - Connection is not available, request timed out after {_n(r)}ms."
            ),
        ),
        ("INFO", lambda r: f"Completed initialization in {_n(r)} ms"),
        (
            "ERROR",
            lambda r: (
                f"Servlet.service() for servlet [dispatcherServlet] threw exception for order {_uuid(r)}"
            ),
        ),
        (
            "INFO",
            lambda r: f"Order {_uuid(r)} of customer {r.choice(_USERS)} moved from PLACED to PAID",
        ),
        (
            "DEBUG",
            lambda r: f"Executing prepared SQL update on table {r.choice(_TABLES)} took {_n(r)} ms",
        ),
        (
            "WARN",
            lambda r: f"GC pause (G1 Evacuation Pause) took {_n(r)} ms, heap {_n(r)}M->{_n(r)}M",
        ),
    ],
    "systemd": [
        ("", lambda r: f"systemd[1]: Started Session {_n(r)} of User {r.choice(_USERS)}."),
        (
            "",
            lambda r: (
                f"sshd[{_n(r)}]: Accepted publickey for {r.choice(_USERS)} from {_ip(r)} port {_n(r, 65_535)} ssh2: RSA SHA256:{_hex(r, 32)}"
            ),
        ),
        (
            "",
            lambda r: (
                f"sshd[{_n(r)}]: Failed password for invalid user {r.choice(_USERS)} from {_ip(r)} port {_n(r, 65_535)} ssh2"
            ),
        ),
        (
            "",
            lambda r: (
                f"sshd[{_n(r)}]: Connection closed by authenticating user {r.choice(_USERS)} {_ip(r)} port {_n(r, 65_535)} [preauth]"
            ),
        ),
        (
            "",
            lambda r: (
                f"kernel: [{_n(r)}.{_n(r)}] Out of memory: Killed process {_n(r)} (java) total-vm:{_n(r)}kB, anon-rss:{_n(r)}kB"
            ),
        ),
        (
            "",
            lambda r: (
                f"CRON[{_n(r)}]: ({r.choice(_USERS)}) CMD (/usr/local/bin/backup --level {r.randint(0, 3)})"
            ),
        ),
        (
            "",
            lambda r: (
                f"systemd[1]: {r.choice(('nginx', 'docker', 'postgresql'))}.service: Main process exited, code=exited, status={r.randint(1, 137)}"
            ),
        ),
        ("", lambda r: f"dhclient[{_n(r)}]: DHCPACK of {_ip(r)} from {_ip(r)}"),
    ],
    "json": [
        ("info", lambda r: f"request completed in {_n(r)}ms with status {r.choice((200, 204))}"),
        ("info", lambda r: f"user {r.choice(_USERS)} logged in from {_ip(r)}"),
        (
            "error",
            lambda r: f"failed to publish to topic {r.choice(_TOPICS)}: context deadline exceeded",
        ),
        (
            "warn",
            lambda r: f"cache miss ratio {r.randint(10, 99)}.{r.randint(0, 9)} exceeds threshold",
        ),
        ("error", lambda r: f"payment {_uuid(r)} declined: insufficient funds"),
        ("error", lambda r: f"payment {_uuid(r)} declined: card expired"),
        (
            "debug",
            lambda r: (
                f"feature flag {r.choice(('new-checkout', 'dark-mode', 'fast-path'))} evaluated to {r.choice(('true', 'false'))}"
            ),
        ),
    ],
    "envoy": [
        (
            "",
            lambda r: (
                f'"GET {r.choice(_PATHS)} HTTP/2" 200 - 0 {_n(r)} {_n(r, 900)} {_n(r, 900)} "-" "{r.choice(_AGENTS)}" "{_uuid(r)}" "shop.example" "{_ip(r)}:8080"'
            ),
        ),
        (
            "",
            lambda r: (
                f'"POST {r.choice(_PATHS)} HTTP/2" 503 UF,URX {_n(r)} 91 {_n(r, 900)} - "-" "{r.choice(_AGENTS)}" "{_uuid(r)}" "shop.example" "{_ip(r)}:8080"'
            ),
        ),
    ],
    "etcd": [
        ("info", lambda r: f"applied request took too long: {_n(r)}.{_n(r, 999)}ms"),
        (
            "warn",
            lambda r: (
                f"leader failed to send out heartbeat on time; took too long, to {_hex(r)} expected {_n(r)}ms"
            ),
        ),
        ("info", lambda r: f"finished scheduled compaction at revision {_n(r)} took {_n(r)}ms"),
        ("info", lambda r: f"{_hex(r)} became leader at term {_n(r, 90)}"),
        ("info", lambda r: f"{_hex(r)} became follower at term {_n(r, 90)}"),
        (
            "error",
            lambda r: (
                f"failed to purge wal file {_hex(r)}-{_hex(r)}.wal: no such file or directory"
            ),
        ),
    ],
    "kafka": [
        (
            "INFO",
            lambda r: (
                f"[GroupCoordinator {r.randint(0, 5)}]: Preparing to rebalance group {r.choice(('billing', 'search-indexer', 'mailer'))} in state PreparingRebalance with old generation {_n(r)}"
            ),
        ),
        (
            "INFO",
            lambda r: (
                f"[Log partition={r.choice(_TOPICS)}-{r.randint(0, 31)}, dir=/var/lib/kafka] Rolled new log segment at offset {_n(r)} in {_n(r)} ms."
            ),
        ),
        (
            "WARN",
            lambda r: (
                f"[ReplicaFetcher replicaId={r.randint(0, 5)}] Error in response for fetch request, partition {r.choice(_TOPICS)}-{r.randint(0, 31)}"
            ),
        ),
        (
            "INFO",
            lambda r: (
                f"[Partition {r.choice(_TOPICS)}-{r.randint(0, 31)} broker={r.randint(0, 5)}] Shrinking ISR from {r.randint(0, 5)},{r.randint(0, 5)} to {r.randint(0, 5)}."
            ),
        ),
        (
            "ERROR",
            lambda r: (
                f"[KafkaApi-{r.randint(0, 5)}] Error when handling request with correlation id {_n(r)} from client {r.choice(_USERS)}"
            ),
        ),
        (
            "INFO",
            lambda r: (
                f"Deleted offset index /var/lib/kafka/{r.choice(_TOPICS)}-{r.randint(0, 31)}/{_n(r):020}.index.deleted."
            ),
        ),
    ],
}


def _zulu(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


_FORMS: Mapping[str, Form] = {
    "nginx": lambda r, at, _, text: f"{_ip(r)} - - [{at:%d/%b/%Y:%H:%M:%S +0000}] {text}",
    "nginx-error": lambda r, at, level, text: (
        f"{at:%Y/%m/%d %H:%M:%S} [{level}] {_n(r)}#{_n(r)}: {text}"
    ),
    "postgres": lambda r, at, level, text: (
        f"{at:%Y-%m-%d %H:%M:%S}.{_n(r, 999):03} UTC [{_n(r)}] {level}:  {text}"
    ),
    "kubelet": lambda r, at, level, text: (
        f"{level}{at:%m%d %H:%M:%S.%f}    {_n(r)} kubelet.go:{_n(r)}] {text}"
    ),
    "jvm": lambda r, at, level, text: (
        f"{at:%Y-%m-%d %H:%M:%S},{_n(r, 999):03} {level:<5} [exec-{_n(r, 9)}] c.e.shop.Service - {text}"
    ),
    "systemd": lambda r, at, _, text: f"{at:%b %d %H:%M:%S} {r.choice(_NODES)} {text}",
    "json": lambda _, at, level, text: json.dumps({"time": _zulu(at), "level": level, "msg": text}),
    "envoy": lambda _, at, __, text: f"[{_zulu(at)}] {text}",
    "etcd": lambda r, at, level, text: json.dumps(
        {"level": level, "ts": _zulu(at), "caller": f"etcdserver/util.go:{_n(r)}", "msg": text}
    ),
    "kafka": lambda r, at, level, text: (
        f"[{at:%Y-%m-%d %H:%M:%S},{_n(r, 999):03}] {level} {text} (kafka.server.Component)"
    ),
}


def lines_of(system: str, count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Lines of a system and the statement of each; later statements of its table are rarer."""
    draw = random.Random(f"{system} {seed}")
    statements = SYSTEMS[system]
    weights = [1 / (place + 1) for place in range(len(statements))]
    at = datetime(2026, 3, 14, 8, tzinfo=UTC)
    for _ in range(count):
        at += timedelta(milliseconds=draw.randint(1, 2_000))
        [place] = draw.choices(range(len(statements)), weights)
        level, statement = statements[place]
        yield _FORMS[system](draw, at, level, statement(draw)), f"{system}-{place}"
