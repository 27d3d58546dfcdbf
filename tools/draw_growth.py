"""Table and picture of the draw's growth, for docs/generated; written by `python -m benchmarks.draw --growth`."""

import math
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "generated"
Row = tuple[int, float, float, float]
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 640, 360, 70, 30, 50


def write(rows: list[Row]) -> None:
    """`rows`: people, CPU seconds of the draw, of the bare keystream, peak bytes above the input."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "draw-growth.md").write_text(_table(rows))
    (FOLDER / "draw-growth.svg").write_text(_picture(rows))
    print(_table(rows))


def _table(rows: list[Row]) -> str:
    lines = [
        "# The draw against the number of people", "",
        "2,056 strata, one in ten wins, one process; keystream: AES-256-CTR of 8 bytes a person, in the same run.",
        "Written by `python -m benchmarks.draw --growth`.", "",
        "| people | draw, CPU s | keystream, CPU s | ratio | peak memory above the input | bytes a person |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    for people, spent, bound, peak in rows:
        cells = (
            f"{people:,} | {spent:.4f} | {bound:.4f} | {spent / bound:.2f} | {peak / 1e6:.1f} MB | {peak / people:.2f}"
        )
        lines.append(f"| {cells} |")
    return "\n".join([*lines, "", "![Time and memory against people, both scales logarithmic](draw-growth.svg)", ""])


def _picture(rows: list[Row]) -> str:
    """Two lines of seconds and one of megabytes, logarithmic on both sides."""
    values = [v for _, spent, bound, peak in rows for v in (spent, bound, peak / 1e9)]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))

    def x(people: float) -> float:
        return LEFT + (math.log10(people) - 5) / 3 * (WIDTH - LEFT - 130)

    def y(value: float) -> float:
        return TOP + (high - math.log10(value)) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"',
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for power in range(low, high + 1):
        line = y(10.0**power)
        parts.append(f'<path d="M{LEFT} {line:.1f}H{WIDTH - 130}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{line + 4:.1f}" text-anchor="end">{10.0**power:g}</text>')
    for people, *_ in rows:
        parts.append(f'<text x="{x(people):.1f}" y="{HEIGHT - 28}" text-anchor="middle">{people:,}</text>')
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 8}">people; both scales logarithmic</text>')
    lines = (("draw, CPU s", "#075", 1, -4), ("keystream, CPU s", "#666", 2, 12), ("memory, GB", "#a50", 3, 4))
    for name, colour, column, lower in lines:
        points = [(x(row[0]), y(row[column] / (1e9 if column == 3 else 1))) for row in rows]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in points]
        parts.append(f'<text x="{points[-1][0] + 8:.1f}" y="{points[-1][1] + lower:.1f}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])
