"""What the rehearsal ends with: the funnel, the money, the addresses, the digest."""

from bekal.access.actions import create_sign_in_link
from bekal.access.queries import staff_list
from bekal.core import clock
from bekal.core.events import Actor
from bekal.core.texts import text
from bekal.openbook.queries import digest, funnel, money_statement
from bekal.partners.queries import organisations
from demo.closing import paid_twice
from demo.opening import WAVE
from demo.rehearsal import PROGRAMME
from demo.story import Story


def print_report(story: Story) -> bool:
    """Print the tables; True when every rupiah is explained and nobody was paid twice."""
    print("\nFrom registration to work")
    lines = funnel(WAVE)
    widest = max(line.people for line in lines) or 1
    for line in lines:
        bar = "#" * (36 * line.people // widest)
        print(f"  {text(f'openbook.funnel_{line.code}', 'en'):<44} {line.people:>8,}  {bar}")
    statement = money_statement(PROGRAMME)
    print("\nEvery rupiah of the programme")
    for entry in statement.lines:
        amount = entry.amount if entry.side == "in" else -entry.amount
        print(f"  {text(f'openbook.money_{entry.code}', 'en'):<58} {amount:>20,}")
    print(f"  {'difference':<58} {statement.difference:>20,}")
    twice = paid_twice(story)
    print(f"\nPaid twice, by the bank's and the wallet's own books: {twice}")
    site = story.rehearsal.site
    print("\nThe same figures, public:")
    for path in (
        "/terbuka",
        "/terbuka/uang",
        f"/terbuka/undian/{WAVE}",
        "/terbuka/dampak",
        f"/terbuka/aturan/{PROGRAMME}",
    ):
        print(f"  {site}{path}")
    return statement.difference == 0 and twice == 0


def print_links(story: Story) -> None:
    """One-time sign-in links, one for each role."""
    site, by = story.rehearsal.site, Actor.system("demo")
    print("\nSign in once as (these links exist in rehearsals only):")

    def show(label: str, principal: Actor, roles: tuple[str, ...]) -> None:
        token = create_sign_in_link(by=by, at=clock.now(), principal=principal, roles=roles, demo=True)
        print(f"  {label:<34} {site}/tautan/{token}")

    paid = next(p for p in story.players if p.number in story.awards and story.citizens[p.number] in story.graduates)
    waiting = next(p for p in story.players if p.number in story.citizens and p.number not in story.awards)
    show("citizen with a scholarship", Actor.citizen(story.citizens[paid.number]), ("citizen",))
    show("citizen without", Actor.citizen(story.citizens[waiting.number]), ("citizen",))
    for kind in ("provider", "platform"):
        organisation = organisations(kind)[0]
        show(f"{kind} {organisation.name}", Actor.partner(organisation.code), (kind,))
    for member in staff_list():
        show(f"{member.name} ({', '.join(member.roles)})", Actor.staff(member.id), member.roles)


def print_digest() -> None:
    """The last line: one number over all public outputs."""
    print(f"DIGEST {digest()}")
