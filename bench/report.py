"""What was measured, kept as ``bench/latest.json`` and told in ``docs/performance.md``.

Each part keeps the machine and the day of its own last run, so that one part can be measured again alone: the sections
of the others stay on the page as they are.
"""

import re
from pathlib import Path
from typing import Any, Final

import msgspec

from bench.earning import SIZES
from bench.spread import Spread

_ROOT: Final = Path(__file__).parent.parent
LATEST: Final = _ROOT / "bench" / "latest.json"
PAGE: Final = _ROOT / "docs" / "performance.md"

Figures = dict[str, Any]

_INTRODUCTION: Final = """\
# Performance

Written by `make bench`; every figure is the median of several runs with the lowest and the highest. The load, the
service and PostgreSQL share one machine. PostgreSQL writes to disk before it answers (`fsync` and `synchronous_commit`
are on). Every part that writes ends in the invariants of `comeback verify`, and a run that leaves them broken has no
figures.
"""
_HOW: Final = {
    "purchases": (
        "Sales over HTTP, and pgbench",
        "`comeback serve` in {purchase_server_processes} processes; {purchase_members:,} members, {purchase_rules}\n"
        "live rules with conditions and limits of which about a third fire, baskets of three lines, 64 keep-alive\n"
        "connections from {load_generator}. In turns with it, on the same PostgreSQL {postgres}, pgbench (16 clients,\n"
        "prepared, generic plans) posts the same sale one call at a time: a PL/pgSQL function made of the\n"
        "{purchase_statements} statements that the service itself was seen to send. {purchase_rounds} rounds of\n"
        "{purchase_seconds_a_round} s each. {verify}.\n\n"
        "64 requests that are always under way wait 64 times as long as one takes: a mean of 50 ms needs 1,280\n"
        "sales a second, whoever posts them.",
        (
            ("purchase_http_per_second", "sales per second over HTTP", 0),
            ("purchase_pgbench_per_second", "postings per second by pgbench", 0),
            ("purchase_http_to_pgbench_ratio", "**ratio**, round by round", 2),
            ("purchase_http_p50_ms", "p50, ms", 1),
            ("purchase_http_p99_ms", "p99, ms", 1),
            ("purchase_few_per_second", "with 16 connections: sales per second", 0),
            ("purchase_few_p99_ms", "with 16 connections: p99, ms", 1),
            ("purchase_half_per_second", "at half of that rate, steadily: sales per second", 0),
            ("purchase_half_p50_ms", "at half of that rate, steadily: p50, ms", 1),
            ("purchase_half_p99_ms", "at half of that rate, steadily: p99, ms", 1),
            ("purchase_pgbench_many_p99_ms", "pgbench with 64 clients: p99, ms", 1),
            ("purchase_http_failed", "requests that failed", 0),
            ("purchase_server_cpu_us", "processor time of the server for a sale, us", 0),
            ("purchase_postgres_cpu_us", "of PostgreSQL for a sale over HTTP, us", 0),
            ("purchase_pgbench_postgres_cpu_us", "of PostgreSQL for a posting by pgbench, us", 0),
            ("purchase_server_rss_mib", "memory of a server process, MiB", 0),
        ),
    ),
    "rules": (
        "What a rule costs",
        "Processor time of evaluating a basket of three lines in one process. Of applying rules a third fires, a\n"
        "third fails its condition, a third is for other lines, stores or tiers; of the others all but one are for\n"
        "another store. The spread ends at the 90th percentile.",
        (
            *(
                (f"rules_{kind}_{size}_us", f"{size} rules{told}, us", 1)
                for kind, told in (("applying", ""), ("elsewhere", " of another store"))
                for size in SIZES
            ),
            ("rules_freezing_us", "writing down the answer of 20 rules, us", 1),
            ("rules_loading_500_ms", "making a version of 500 rules ready, ms", 1),
        ),
    ),
    "quotes": (
        "Quotes",
        "The same members, baskets and connections; quotes write nothing.",
        (
            ("quote_http_per_second", "quotes per second", 0),
            ("quote_http_p99_ms", "p99, ms", 1),
            ("quote_http_failed", "requests that failed", 0),
        ),
    ),
    "batches": (
        "The batch endpoint",
        "500 receipts in a request, four connections. {batch_verify}.",
        (("batch_receipts_per_second", "receipts per second", 0),),
    ),
    "redemptions": (
        "Rewards",
        "`POST /v1/me/redemptions` for a gift, by {redemption_members:,} members on 64 connections,\n"
        "beside pgbench issuing the same ({redemption_statements} statements). {redemption_verify}.",
        (
            ("redemption_http_per_second", "rewards issued per second over HTTP", 0),
            ("redemption_pgbench_per_second", "by pgbench", 0),
            ("redemption_http_to_pgbench_ratio", "**ratio**, round by round", 2),
            ("redemption_http_p99_ms", "p99, ms", 1),
            ("redemption_http_failed", "requests that failed", 0),
        ),
    ),
    "growth": (
        "A journal that grows",
        "Medians in ms of one call after another, ten entries a member; by number of journal rows.",
        (
            ("growth_read_ms", "reading a member's account", 3),
            ("growth_earn_ms", "recording a sale alone", 3),
            ("growth_read_ratio", "reading: largest to smallest", 2),
            ("growth_earn_ratio", "recording: largest to smallest", 2),
        ),
    ),
    "replay": (
        "A year of real baskets",
        "`comeback replay complete-journey`: {replay_baskets:,} baskets with {replay_lines:,} lines of\n"
        "{replay_households:,} households, {replay_sales_minor:,} cents. {replay_points_issued:,} points, as many for\n"
        "each household as SQL counts over the raw lines. Sent again: {replay_again_recorded} new. {replay_verify}.",
        (
            ("replay_baskets_per_second", "baskets per second", 0),
            ("replay_again_baskets_per_second", "the second time", 0),
        ),
    ),
    "backtest": (
        "A year of real baskets, tried again",
        "`comeback programme backtest` over the {backtest_baskets:,} baskets of the replay, in {backtest_processes}\n"
        "processes, with the programme they were sold under: the difference is 0, as is checked.",
        (
            ("backtest_seconds", "seconds", 0),
            ("backtest_baskets_per_second", "baskets per second", 0),
        ),
    ),
    "import": (
        "Moving in",
        "`comeback import` of {import_members:,} members with {import_lots:,} lots, read and applied in one\n"
        "transaction. {import_verify}.",
        (
            ("import_members_per_second", "members per second, with ten lots each", 0),
            ("import_lots_per_second", "lots per second", 0),
            ("import_again_s", "the same files once more, seconds", 1),
            ("import_report_by_wallet_s", "liability over them, by wallet, seconds", 2),
            ("import_report_by_store_s", "by store, seconds", 2),
            ("import_report_by_expiry_month_s", "by the month of expiry, seconds", 2),
        ),
    ),
    "servers": (
        "uvicorn and granian",
        "The same sales through each, in turns; see `docs/decisions/0005-http-server.md`.",
        tuple(
            (f"server_{server}_{name}", f"{server}: {told}", digits)
            for server in ("uvicorn", "granian")
            for name, told, digits in (
                ("per_second", "sales per second", 0),
                ("cpu_us", "processor time for a sale, us", 0),
                ("p99_ms", "p99, ms", 1),
                ("rss_mib", "memory of a process, MiB", 0),
            )
        ),
    ),
}


def keep(part: str, where: Figures, figures: Figures) -> None:
    """Put a part's figures into ``bench/latest.json``; a spread's median stands under its plain name."""
    latest = _latest()
    plain = {name: value.median if isinstance(value, Spread) else value for name, value in figures.items()}
    latest.update(plain)
    latest.setdefault("parts", {})[part] = {"machine": where, "figures": msgspec.to_builtins(figures)}
    LATEST.write_bytes(msgspec.json.format(msgspec.json.encode(latest)) + b"\n")


def write_page() -> None:
    """Tell everything that was kept, and leave what the page tells of other parts."""
    parts, told = _latest().get("parts", {}), _told_before()
    sections = [_section(part, parts[part]) if part in parts else told.get(_HOW[part][0]) for part in _HOW]
    PAGE.write_text("\n".join([_INTRODUCTION, *filter(None, sections)]))


def _told_before() -> dict[str, str]:
    """The sections of the page by their titles."""
    sections = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    return {text.partition("\n")[0]: f"## {text.rstrip()}\n" for text in sections}


def _latest() -> Figures:
    return msgspec.json.decode(LATEST.read_bytes(), type=dict[str, Any]) if LATEST.exists() else {}


def _section(part: str, kept: Figures) -> str:
    title, how, rows = _HOW[part]
    where, figures = kept["machine"], kept["figures"]
    lines = [
        f"## {title}",
        how.format(**figures),
        "",
        f"{where['date']}, {where['processor']}, {where['cores']} cores, {where['memory_gib']} GiB,\n"
        f"{where['system']}, Python {where['python']}; load by others when it began: {where['load_before']}.",
        "",
        "| | median (lowest to highest) |",
        "|---|---|",
    ]
    lines += [f"| {told} | {_told(figures[name], digits)} |" for name, told, digits in rows if name in figures]
    return "\n".join([*lines, ""])


def _told(value: Any, digits: int) -> str:
    if not isinstance(value, dict):
        return f"{value:,.{digits}f}"
    if value.keys() == set(Spread.__struct_fields__):
        return msgspec.convert(value, Spread).text(digits)
    return ", ".join(f"{int(size):,}: {figure:,.{digits}f}" for size, figure in value.items())
