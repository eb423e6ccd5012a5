"""A generated incident whose truth is known: six services, four log formats, and one cause.

    python -m bench.incident_data FOLDER [--seed N] [--lines N]

A deploy of one service introduces an error there; services that call it fail a little later, and
alerts, events and metrics follow. Four other deploys are innocent, one of them nearer to the
symptoms. Three red herrings: an error that was always there, a single new error long before, and a
burst of warnings of a batch job.
"""

# ruff: noqa: E501 - each statement of the tables stays on its line
from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

START = datetime(2026, 3, 14, 8, 0, tzinfo=UTC)
HOURS = 3
SERVICES = ("gateway", "checkout", "payments", "inventory", "ledger", "notifier")
CALLERS = {
    "gateway": (),
    "checkout": ("gateway",),
    "payments": ("checkout", "gateway"),
    "inventory": ("checkout", "gateway"),
    "ledger": ("payments", "checkout"),
    "notifier": ("checkout",),
}
FORMATS = ("json", "logfmt", "klog", "plain")
_USERS = ("maria", "tomas", "ines", "olu", "kenji", "astrid", "bogdan", "leila")
_REGIONS = ("eu-west-1", "eu-central-1", "us-east-1", "ap-south-1")
_ITEMS = ("lamp", "chair", "kettle", "bicycle", "tent", "piano")


@dataclass(frozen=True)
class Truth:
    """What really happened."""

    cause: str
    service: str
    deployed_at: str
    first_symptom_at: str
    error: str
    lines: int
    templates: dict[str, list[str]] = field(default_factory=dict)  # by file, template id by line


Message = Callable[[random.Random], str]

# The statements of the services; each is one template, however its values vary.
NORMAL: dict[str, tuple[Message, ...]] = {
    "gateway": (
        lambda r: (
            f"request GET /api/v1/{r.choice(_ITEMS)}/{r.randint(1, 9999)} took {_ms(r)} status 200"
        ),
        lambda r: f"request POST /api/v1/orders took {_ms(r)} status 201",
        lambda r: (
            f"tls handshake with {_ip(r)} completed cipher {r.choice(('AES128', 'AES256', 'CHACHA20'))}"
        ),
        lambda r: f"upstream {r.choice(SERVICES[1:])} healthy after {r.randint(1, 9)} probes",
        lambda r: f"rate limit bucket refilled for tenant {r.randint(1, 500)}",
    ),
    "checkout": (
        lambda r: (
            f"cart {_uuid(r)} loaded for user {r.choice(_USERS)} with {r.randint(1, 12)} items"
        ),
        lambda r: f"order {_uuid(r)} placed total {r.randint(5, 900)}.{r.randint(10, 99)} EUR",
        lambda r: (
            f"session of user {r.choice(_USERS)} renewed until {r.randint(10, 23)}:{r.randint(10, 59)}"
        ),
        lambda r: f"calling payments for order {_uuid(r)}",
        lambda r: f"feature flag cache refreshed, {r.randint(20, 60)} flags",
    ),
    "payments": (
        lambda r: (
            f"authorised payment {_uuid(r)} by acquirer {r.choice(('north', 'south', 'west'))} in {_ms(r)}"
        ),
        lambda r: f"captured {r.randint(5, 900)} EUR for payment {_uuid(r)}",
        lambda r: f"webhook of acquirer accepted, signature valid, id {_hex(r)}",
        lambda r: f"connection pool has {r.randint(2, 20)} idle connections",
    ),
    "inventory": (
        lambda r: (
            f"reserved {r.randint(1, 5)} of sku {r.choice(_ITEMS)}-{r.randint(100, 999)} in {r.choice(_REGIONS)}"
        ),
        lambda r: (
            f"stock level of sku {r.choice(_ITEMS)}-{r.randint(100, 999)} is {r.randint(0, 4000)}"
        ),
        lambda r: (
            f"snapshot written to /var/lib/inventory/{r.randint(1000, 9999)}.snap in {_ms(r)}"
        ),
        lambda r: f"replica {_ip(r)} caught up at offset {r.randint(10**6, 10**9)}",
    ),
    "ledger": (
        lambda r: f"posted entry {_hex(r)} debit {r.randint(1, 999)} credit {r.randint(1, 999)}",
        lambda r: f"balance of account {r.randint(10**5, 10**6)} verified",
        lambda r: f"committed batch of {r.randint(10, 90)} entries in {_ms(r)}",
        lambda r: f"vacuum of table entries removed {r.randint(0, 900)} rows",
    ),
    "notifier": (
        lambda r: f"mail to {r.choice(_USERS)}@example.com queued as {_hex(r)}",
        lambda r: f"push sent to device {_uuid(r)} in {_ms(r)}",
        lambda r: f"template {r.choice(('receipt', 'welcome', 'delay'))} rendered in {_ms(r)}",
    ),
}
ERRORS: dict[str, Message] = {
    "gateway": lambda r: f"no route for host header {_hex(r)}",
    "checkout": lambda r: f"cart {_uuid(r)} rejected: unknown field discount_tier",
    "payments": lambda r: f"payment {_uuid(r)} failed: cannot parse amount of field fee_schedule",
    "inventory": lambda r: f"reservation {_uuid(r)} failed: column warehouse_zone does not exist",
    "ledger": lambda r: f"entry {_hex(r)} refused: constraint entries_currency_check violated",
    "notifier": lambda r: f"mail {_hex(r)} not rendered: undefined variable order_locale",
}


def _known_noise(rng: random.Random) -> str:
    return f"geoip lookup of {_ip(rng)} failed: no such network"


def _lone_error(rng: random.Random) -> str:
    return f"metrics push to {_ip(rng)} refused"


def _batch_warning(rng: random.Random) -> str:
    return f"batch export slow, chunk {rng.randint(1, 400)} took {_ms(rng)}"


def generate(folder: Path, seed: int, lines: int) -> Truth:
    """Write the incident's inputs, and what really happened to truth.json."""
    return _Incident(folder, random.Random(seed), lines).write()


class _Incident:
    def __init__(self, folder: Path, rng: random.Random, lines: int) -> None:
        self._folder = folder
        self._rng = rng
        self._lines = lines
        self._cause = rng.choice(SERVICES[1:])
        self._deployed = START + timedelta(minutes=rng.randint(70, 120), seconds=rng.randint(0, 59))
        self._first = self._deployed + timedelta(seconds=rng.randint(40, 400))
        formats = [*FORMATS, rng.choice(FORMATS), rng.choice(FORMATS)]
        rng.shuffle(formats)
        self._formats = dict(zip(SERVICES, formats, strict=True))
        self._herring = rng.choice([name for name in SERVICES if name != self._cause])

    def write(self) -> Truth:
        self._folder.mkdir(parents=True, exist_ok=True)
        templates = {f"{name}.log": self._write_log(name) for name in SERVICES}
        self._write_deploys()
        self._write_alerts()
        self._write_events()
        self._write_metrics()
        truth = Truth(
            cause=self._what(),
            service=self._cause,
            deployed_at=_iso(self._deployed),
            first_symptom_at=_iso(self._first),
            error=ERRORS[self._cause](random.Random(0)).split(":")[-1].strip(),
            lines=sum(map(len, templates.values())),
            templates=templates,
        )
        (self._folder / "truth.json").write_text(json.dumps(vars(truth)))
        return truth

    def _what(self) -> str:
        return f"release 4.{len(self._cause)}.0"

    def _failing_from(self, service: str) -> datetime | None:
        if service == self._cause:
            return self._first
        if service in CALLERS[self._cause]:
            place = CALLERS[self._cause].index(service) + 1
            return self._first + timedelta(seconds=25 * place)
        return None

    def _write_log(self, service: str) -> list[str]:
        end = START + timedelta(hours=HOURS)
        share = self._lines // len(SERVICES)
        times = sorted(START + (end - START) * self._rng.random() for _ in range(share))
        failing = self._failing_from(service)
        lone: datetime | None = self._first - timedelta(minutes=self._rng.randint(35, 50))
        made: list[str] = []
        with (self._folder / f"{service}.log").open("w", encoding="utf-8") as out:
            if failing is not None:  # the first failure is no matter of chance
                times = sorted([*times, failing])
            for at in times:
                ident, level, text = self._line(service, at, failing)
                made.append(ident)
                out.write(self._formatted(service, at, level, text))
                if service == self._herring and lone is not None and at >= lone:
                    made.append("lone")
                    out.write(self._formatted(service, at, "error", _lone_error(self._rng)))
                    lone = None
        return made

    def _line(self, service: str, at: datetime, failing: datetime | None) -> tuple[str, str, str]:
        rng = self._rng
        if failing is not None and (at == failing or (at > failing and rng.random() < 0.3)):
            if service == self._cause:
                return "cause", "error", ERRORS[service](rng)
            return (
                "effect",
                "error",
                f"call to {self._cause} failed with status 500 after {_ms(rng)}",
            )
        if service == "gateway" and rng.random() < 0.01:
            return "noise", "error", _known_noise(rng)
        batch = START + timedelta(minutes=30)
        in_batch = service == self._herring and batch < at < batch + timedelta(minutes=5)
        if in_batch and rng.random() < 0.2:
            return "batch", "warning", _batch_warning(rng)
        number = rng.randrange(len(NORMAL[service]))
        return f"{service}-{number}", "info", NORMAL[service][number](rng)

    def _formatted(self, service: str, at: datetime, level: str, text: str) -> str:
        form = self._formats[service]
        if form == "json":
            fields = {"ts": _iso(at), "level": level, "service": service, "msg": text}
            return json.dumps(fields) + "\n"
        if form == "logfmt":
            return f'ts={_iso(at)} level={level} service={service} msg="{text}"\n'
        if form == "klog":
            letter = {"info": "I", "warning": "W", "error": "E"}[level]
            stamp = at.strftime("%m%d %H:%M:%S.%f")
            return f"{letter}{stamp}       1 main.go:{100 + len(service)}] {text}\n"
        local = at + timedelta(hours=1)  # written in another zone
        stamp = local.strftime("%Y-%m-%d %H:%M:%S,%f")[:-3]
        return f"{stamp} +0100 {level.upper():<7} [worker-{self._rng.randint(1, 8)}] {text}\n"

    def _write_deploys(self) -> None:
        others = [name for name in SERVICES if name not in (self._cause, *CALLERS[self._cause])]
        others = (others * 4)[:4]
        near = self._first - timedelta(seconds=20)
        times = [
            START + timedelta(minutes=12),
            START + timedelta(minutes=55),
            near,
            self._first + timedelta(minutes=15),
        ]
        deploys = [
            {"at": _iso(at), "what": f"release 2.{n}.1", "service": name, "by": "ci"}
            for n, (at, name) in enumerate(zip(times, others, strict=True))
        ]
        deploys.append(
            {"at": _iso(self._deployed), "what": self._what(), "service": self._cause, "by": "ci"}
        )
        self._rng.shuffle(deploys)
        (self._folder / "deploys.json").write_text(json.dumps(deploys))

    def _write_alerts(self) -> None:
        failing = [name for name in SERVICES if self._failing_from(name)]
        alerts = []
        for number in range(300):
            service = failing[number % len(failing)]
            start = self._failing_from(service) or self._first
            at = start + timedelta(minutes=2, seconds=self._rng.randint(0, 1500))
            name = ("HighErrorRate", "SloBurnRate")[number // len(failing) % 2]
            labels = {"alertname": name, "service": service, "pod": f"{service}-{number}"}
            annotations = {"summary": f"{service} fails more than 5 % of its requests"}
            alerts.append(
                {
                    "labels": labels,
                    "annotations": annotations,
                    "startsAt": _iso(at),
                    "status": "firing",
                }
            )
        payload = {"version": "4", "alerts": alerts}
        (self._folder / "alerts.json").write_text(json.dumps(payload))

    def _write_events(self) -> None:
        items = []
        for number in range(60):
            service = SERVICES[number % len(SERVICES)]
            at = START + timedelta(minutes=self._rng.randint(0, HOURS * 60 - 1))
            reason, kind, text = "Pulled", "Normal", "Container image already present"
            if number % 10 == 0:
                service, at = self._cause, self._first + timedelta(minutes=3, seconds=20 * number)
                reason, kind, text = "Unhealthy", "Warning", "Readiness probe failed: status 500"
            items.append(
                {
                    "type": kind,
                    "reason": reason,
                    "message": text,
                    "involvedObject": {
                        "kind": "Pod",
                        "name": f"{service}-7d9c5b6f4-x{number:02}ab",
                    },
                    "firstTimestamp": _iso(at),
                    "lastTimestamp": _iso(at),
                    "count": 1,
                }
            )
        (self._folder / "events.json").write_text(json.dumps({"kind": "List", "items": items}))

    def _write_metrics(self) -> None:
        result = []
        for service in SERVICES:
            failing = self._failing_from(service)
            values = []
            for minute in range(HOURS * 60):
                at = START + timedelta(minutes=minute)
                level = 40.0 if failing is not None and at >= failing else 1.0
                value = level + self._rng.random()
                values.append([at.timestamp(), f"{value:.3f}"])
            labels = {"__name__": "http_errors_per_second", "service": service}
            result.append({"metric": labels, "values": values})
        payload = {"status": "success", "data": {"resultType": "matrix", "result": result}}
        (self._folder / "metrics.json").write_text(json.dumps(payload))


def log_names() -> Sequence[str]:
    """The names of the log files."""
    return [f"{name}.log" for name in SERVICES]


def _ms(rng: random.Random) -> str:
    return f"{rng.randint(1, 900)}ms"


def _ip(rng: random.Random) -> str:
    return ".".join(str(rng.randint(1, 254)) for _ in range(4))


def _hex(rng: random.Random) -> str:
    return f"{rng.getrandbits(48):012x}"


def _uuid(rng: random.Random) -> str:
    text = f"{rng.getrandbits(128):032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _arguments() -> Iterator[argparse.Namespace]:
    parser = argparse.ArgumentParser(description="Write a generated incident.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lines", type=int, default=200_000)
    yield parser.parse_args()


if __name__ == "__main__":
    for chosen in _arguments():
        print(generate(chosen.folder, chosen.seed, chosen.lines).cause)
