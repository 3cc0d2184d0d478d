"""The images of the broken world: what each of its programs does, and what goes wrong with it."""

from __future__ import annotations

from dataclasses import replace

from k9py.sim.workloads.images import Image, denied, not_there
from k9py.sim.workloads.programs import MIB, End, Program, not_found

HUB = "registry.acme.example"
WEB = Program("access", 1.4, ports=(8080,), idle_cpu=0.004, memory=58 * MIB, request_cpu=0.003)
_DIGEST = "sha256:4b1d0c6a7f0e5b0d2f3d6e8c9a1b7c5e4f2a3d6b8c0e1f2a3b4c5d6e7f809a1b"

_PROGRAMS: dict[str, Program] = {
    # well
    "shop/storefront:2.14.0": Program("nginx", 0.5, ports=(80,), idle_cpu=0.002, memory=12 * MIB, request_cpu=0.0006),
    "shop/catalog:5.2.1": replace(WEB, voice="json", memory=96 * MIB),
    "shop/cart:3.8.0": replace(WEB, voice="json", memory=71 * MIB),
    "payments/gateway:7.1.3": replace(WEB, voice="json", memory=118 * MIB),
    "payments/ledger:1.9.4": replace(WEB, voice="spring", boot=9.0, memory=392 * MIB, idle_cpu=0.011),
    "platform/auth:4.0.2": replace(WEB, voice="colour", memory=64 * MIB),
    "data/ingest:0.31.0": replace(WEB, voice="json", memory=143 * MIB, idle_cpu=0.047),
    "ops/log-shipper:3.2": Program("klog", 0.8, idle_cpu=0.009, memory=38 * MIB),
    "ops/node-exporter:1.9": Program("klog", 0.3, ports=(9100,), idle_cpu=0.004, memory=16 * MIB),
    "ops/prometheus:3.7": Program("klog", 6.0, ports=(9090,), idle_cpu=0.083, memory=512 * MIB),
    "ops/grafana:12.2": Program("access", 4.0, ports=(3000,), idle_cpu=0.007, memory=131 * MIB),
    f"shop/banner@{_DIGEST}": replace(WEB, voice="nginx", ports=(80,), memory=11 * MIB),
    "batch/nightly-report:2.3": Program("batch", 0.2, End(24.0, 0), idle_cpu=0.31, memory=88 * MIB),
    "batch/cache-warmer:1.1": Program("batch", 0.2, End(9.0, 0), idle_cpu=0.12, memory=44 * MIB),
    # not well
    "shop/recommender:0.9.0-rc2": replace(WEB, voice="traceback", end=End(6.5, 1), memory=84 * MIB),
    "data/enrich:2.0.0": replace(WEB, voice="java_oom", boot=4.0, memory=150 * MIB, leak=0.085 * MIB),
    "data/indexer:1.4.7": replace(WEB, voice="python_oom", boot=2.0, memory=90 * MIB, leak=4.2 * MIB),
    "payments/fraud:2.2.0": replace(WEB, voice="json", bad_paths={"/ready": 503}, memory=130 * MIB),
    "payments/settlement:1.0.5": replace(WEB, voice="deadlock", sick_after=95.0, stop=99.0, memory=102 * MIB),
    "platform/mailer:1.7": replace(WEB, voice="json", memory=40 * MIB),
    "platform/search:8.0": replace(WEB, start_error=not_found("/usr/local/bin/searchd")),
    "platform/migrate:12": Program("migrate", 0.1, End(3.2, 1), memory=30 * MIB),
    "batch/import-feed:4.4": Program("batch_failed", 0.2, End(7.0, 3), memory=52 * MIB),
    "legacy/billing:2014.3": replace(WEB, voice="quiet", boot=40.0, memory=210 * MIB),
    "data/stuck-writer:1.0": replace(WEB, voice="quiet", memory=33 * MIB),
}


def _image(name: str, program: Program) -> Image:
    reference = f"{HUB}/{name}"
    size = (30 + len(name) * 7) * MIB
    return Image(reference, program, size, pull=1.2 + len(name) / 12)


IMAGES: dict[str, Image] = {f"{HUB}/{name}": _image(name, program) for name, program in _PROGRAMS.items()}
for _name, _newer in (
    ("shop/storefront:2.13.2", "shop/storefront:2.14.0"),
    ("shop/storefront:2.13.3", "shop/storefront:2.14.0"),
    ("shop/catalog:5.1.0", "shop/catalog:5.2.1"),
    ("payments/gateway:7.1.2", "payments/gateway:7.1.3"),
):
    IMAGES[f"{HUB}/{_name}"] = _image(_name, _PROGRAMS[_newer])
for _name, _error in (
    ("shop/search-ui:1.20.0", not_there(f"{HUB}/shop/search-ui:1.20.0")),
    ("payments/vault-sync:3.0", denied(f"{HUB}/payments/vault-sync:3.0")),
):
    IMAGES[f"{HUB}/{_name}"] = Image(f"{HUB}/{_name}", WEB, pull=1.5, error=_error)
BANNER = f"{HUB}/shop/banner@{_DIGEST}"


def image(name: str) -> str:
    """Return the full reference of one of the world's images."""
    return f"{HUB}/{name}"
