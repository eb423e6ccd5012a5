"""The results as Markdown tables and plots: docs/benchmarks.md and the SVG files beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Results = Mapping[str, Any]
_METHOD = Path(__file__).with_name("method.md")
# Figures of a fit that is made by itself: training/confidence.py.
_CONFIDENCE = Path(__file__).with_name("confidence.md")


def write(results: Results, place: Path) -> None:
    """Write the page and its plots from whatever sections have been measured."""
    place.mkdir(parents=True, exist_ok=True)
    made = [_METHOD.read_text(encoding="utf-8").rstrip()]
    for name, section in _SECTIONS.items():
        if name in results:
            made.append(section(results[name]))
    made.append(_CONFIDENCE.read_text(encoding="utf-8").rstrip())
    (place / "benchmarks.md").write_text("\n\n".join(made) + "\n", encoding="utf-8")
    _plots(results, place / "benchmarks")


def _quality(results: Results) -> str:
    scores = results["scores"]
    rows = [
        [system, *(_figures(systems[system], 3) for systems in scores.values())]
        for system in next(iter(scores.values()))
    ]
    measures = list(dict.fromkeys(measure for _, measure, *_ in results["margins"]))
    margin_of = {
        (name, measure): f"{mean:+.3f} ({low:+.3f} to {high:+.3f}), {share:.0%}, {other}"
        for name, measure, other, mean, low, high, share in results["margins"]
    }
    margins = [[name, *(margin_of[name, measure] for measure in measures)] for name in scores]
    refused = results["refusals"]
    said = refused["refused"] + refused["refused_wrongly"]
    precision = f"{refused['refused'] / said:.2f}" if said else "not defined"
    return "\n\n".join(
        [
            f"## Quality\n\nnDCG@10 / Recall@5 / Hit@1 on the {results['corpus']}, "
            f"{results['pages']} documents.",
            _table(["system", *scores], rows),
            "The margin over the best other system by that measure, its 95% interval (paired "
            "bootstrap), the share of that system's error that is gone, and that system:",
            _table(["questions", *measures], margins),
            f"`no_result` was true for {refused['refused']} of {refused['unanswerable']} questions "
            f"that the corpus does not answer (recall), and wrongly for "
            f"{refused['refused_wrongly']} of {refused['answerable']} that it does; precision "
            f"{precision}. The hits are shown either way, as the nearest documents.",
            *_answers(results.get("answers")),
            "![nDCG@10 by system](benchmarks/quality.svg)",
        ]
    )


def _answers(results: Results | None) -> Iterator[str]:
    if results:
        yield (
            f"An answer without a model holds the needed line, a quote that supports the answer, "
            f"in its first ten lines for {results['needed_line']:.0%} of {results['questions']} "
            f"questions, anywhere for {results['needed_anywhere']:.0%}, and opens with a document "
            f"that answers for {results['lead']:.0%}. It has {results['median_lines']:.0f} lines "
            f"in the median, {results['max_lines']} at most."
        )


def _encoder(results: Results) -> str:
    encoding, ingesting = results["encoding"], results["ingesting"]
    ratio = encoding["rate"] / encoding["reference_rate"]
    share = ingesting["ingest_rate"] / ingesting["encoder_rate"]
    return "\n\n".join(
        [
            "## Encoder and ingest",
            _table(
                ["", "texts a second"],
                [
                    [
                        "sentence-transformers, torch, its defaults",
                        f"{encoding['reference_rate']:.0f}",
                    ],
                    [f"this service ({ratio:.1f} times)", f"{encoding['rate']:.0f}"],
                    ["the encoder on a whole corpus", f"{ingesting['encoder_rate']:.0f}"],
                    [f"a whole ingest of it ({share:.0%})", f"{ingesting['ingest_rate']:.0f}"],
                ],
            ),
            f"Cosine to the reference: mean {encoding['mean_cosine']:.5f}, minimum "
            f"{encoding['least_cosine']:.5f}. The ingest made {ingesting['chunks']} chunks.",
        ]
    )


def _latency(results: Results) -> str:
    readers = list(dict.fromkeys(who for _, who, _ in results["searches"]))
    times_of = {(size, who): times for size, who, times in results["searches"]}
    rows = [
        [size, *(_figures(times_of.get((size, who), ()), 1) for who in readers)]
        for size in dict.fromkeys(size for size, _, _ in results["searches"])
    ]
    load = [
        [str(clients), f"{rate:.0f}", *(f"{value:.0f}" for value in times)]
        for clients, rate, times in results["throughput"]
    ]
    return "\n\n".join(
        [
            "## Latency\n\np50 / p95 / p99 of one search in one process, in milliseconds, by "
            "chunks in the index and the share of documents (in %) that the caller may read.",
            _table(["chunks", *readers], rows),
            "Over HTTP at 10,000 chunks, for a principal that may read half, in milliseconds:",
            _table(["clients", "answers a second", "p50", "p95", "p99"], load),
            "![p50 by size of the index](benchmarks/latency.svg)",
        ]
    )


def _filters(results: Results) -> str:
    rows = [
        [
            one["share"],
            str(one["chunks"]),
            *(f"{one['times'][name]:.2f}" for name in ("p50", "p95")),
            f"{one['store_filter']['p50']:.1f}",
            f"{one['recall']:.4f}",
        ]
        for one in results["filtered"]
    ]
    return "\n\n".join(
        [
            "## Dense search behind an ACL filter\n\n"
            f"The nearest 100 of {results['chunks']} chunks, in milliseconds; recall of "
            "the nearest 10 against an exact scan.",
            _table(["may read", "chunks", "p50", "p95", "p50 by Chroma's filter", "recall"], rows),
        ]
    )


def _operations(results: Results) -> str:
    rows = [
        ["a run over 10,000 unchanged files, as it reports", f"{results['noop_seconds']:.2f} s"],
        ["the same, from process start to end", f"{results['noop_process_seconds']:.2f} s"],
        [
            "from a save to searchable with `runbook watch`, 0.25 s of it the debounce",
            f"{results['saved_to_searchable']:.2f} s (slowest {results['slowest_save']:.2f} s)",
        ],
        ["`runbook search` from process start to hits", f"{results['cold']:.2f} s"],
        ["the plain stack, the same", f"{results['cold_plain']:.2f} s"],
        [f"index of {results['chunks']} chunks on disk", f"{results['index_mib']:.0f} MiB"],
        ["peak memory of an ingest of it", f"{results['ingest_peak_mib']:.0f} MiB"],
    ]
    return "\n\n".join(["## Operations", _table(["", ""], rows)])


_SECTIONS = {
    "quality": _quality,
    "encoder": _encoder,
    "latency": _latency,
    "filters": _filters,
    "operations": _operations,
}


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _figures(values: Sequence[float], digits: int) -> str:
    return " / ".join(f"{value:.{digits}f}" for value in values) or "-"


def _plots(results: Results, place: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "runbook-search"  # the same figures make the same file
    place.mkdir(exist_ok=True)
    if "quality" in results:
        _plot_quality(results["quality"]["scores"], place / "quality.svg")
    if "latency" in results:
        _plot_latency(results["latency"]["searches"], place / "latency.svg")


def _plot_quality(results: Results, path: Path) -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 3.5))
    systems = list(next(iter(results.values())))
    width = 0.8 / len(systems)
    for number, system in enumerate(systems):
        heights = [scores[system][0] for scores in results.values()]
        axes.bar([at + number * width for at in range(len(results))], heights, width, label=system)
    axes.set_xticks([at + 0.4 - width / 2 for at in range(len(results))], list(results))
    axes.set_ylabel("nDCG@10")
    axes.set_ylim(0.4, 1.0)
    axes.legend(fontsize=8, ncols=3)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def _plot_latency(results: Sequence[Sequence[Any]], path: Path) -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 3.5))
    for who in dict.fromkeys(row[1] for row in results):
        points = [(int(size), times[0]) for size, name, times in results if name == who]
        axes.plot(*zip(*points, strict=True), marker="o", label=who)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("chunks")
    axes.set_ylabel("p50, ms")
    axes.legend(fontsize=8, ncols=3)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
