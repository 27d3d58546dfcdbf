"""Every answer of a payer and what it means, from the tables that the clients read: writes
docs/generated/snap-codes.md."""

from pathlib import Path

from bekal.outside.iso20022.codes import REASONS, STATES
from bekal.outside.snap_codes import CASES, INQUIRIES, OTHERS, PAYMENTS, STATUS_SERVICES, STATUSES, Case, Meaning

PAGE = Path(__file__).resolve().parent.parent / "docs" / "generated" / "snap-codes.md"
NEXT: dict[Meaning, str] = {
    "done": "nothing more",
    "account": "the citizen changes the account",
    "run": "the whole run stops: our keys, message, funds or agreement are wrong",
    "later": "the same is sent again later",
    "ask": "the status is asked; never paid again",
    "token": "the client takes a new token or external id and asks once more; then as told left",
}
KINDS = ((PAYMENTS, "payments"), (STATUS_SERVICES, "status"), (INQUIRIES, "inquiries"), (OTHERS, "others"))
INTRODUCTION = """\
# What a payer's answers mean

Made from `bekal/outside/snap_codes.py` and `bekal/outside/iso20022/codes.py` by `make docs`; do not edit.

A SNAP BI response code is HTTP status (3), service (2), case (2). A payment is **paid**, **refused** (not booked, the
citizen must change the account), **unknown** (asked about until it is known, never paid under another reference),
**later** (not booked, sent again) or **stop** (not booked, the run stops). What is not in these tables, an answer that
cannot be read, a broken connection and silence are unknown.
"""


def page() -> str:
    """The whole page."""
    head = "| code | message | payment | what happens next | an account, asked about |\n| --- | --- | --- | --- | --- |"
    parts = [INTRODUCTION, "## Services\n", "| kind | services |\n| --- | --- |"]
    for services, kind in KINDS:
        parts.append(f"| {kind} | {' · '.join(f'{code} `{path}`' for code, path in sorted(services.items()))} |")
    parts += ["\n## Response codes (xx: any service)\n", head, *(_row(case) for case in CASES)]
    parts.append(
        "\nA refused token (service 73) is stop or later, never unknown: the payment itself was never asked for.\n"
    )
    parts += ["## latestTransactionStatus (services 36 and 39)\n", "| status | name | payment |\n| --- | --- | --- |"]
    parts += [f"| {code} | {name} | {outcome} |" for code, (name, outcome) in STATUSES.items()]
    parts.append("\nA failed payment whose previousResponseCode means later or stop is later or stop.\n")
    parts += ["## pain.002: states\n", "| state | meaning | payment |\n| --- | --- | --- |"]
    parts += [f"| {code} | {words} | {outcome} |" for code, (words, outcome) in STATES.items()]
    parts += ["\n## pain.002: reasons of RJCT\n", "| reason | meaning | payment |\n| --- | --- | --- |"]
    parts += [f"| {code} | {words} | {outcome} |" for code, (words, outcome) in REASONS.items()]
    return "\n".join(parts) + "\n"


def _row(case: Case) -> str:
    code = f"{case.case[:3]}xx{case.case[3:]}"
    return f"| {code} | {case.message} | {case.outcome} | {NEXT[case.meaning]} | {case.reason} |"


if __name__ == "__main__":
    PAGE.write_text(page())
