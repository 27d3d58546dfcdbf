"""The stages in order, each with its instant on the rehearsal's clock. A stage may be played again after a crash."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from demo import closing, opening
from demo.learning import School
from demo.rehearsal import Rehearsal
from demo.stage import Progress
from demo.story import Story

Stage = tuple[str, str, datetime, Callable[[Story], str]]


def _at(month: int, day: int) -> datetime:
    return datetime(2023, month, day, 3, tzinfo=UTC)


STAGES: tuple[Stage, ...] = (
    ("fund", "programme file; the treasury funds it", opening.PREPARE, opening.load_and_fund),
    ("partners", "platforms and institutions", opening.PREPARE, opening.welcome_partners),
    ("curation", "trainings curated into the catalogue", opening.PREPARE, opening.curate),
    ("plan", "a wave is planned and paid for", opening.PREPARE, opening.plan),
    ("registers", "the state's registers", opening.REGISTER, opening.introduce_people),
    ("register", "people register, rules decide", opening.REGISTER, opening.register_people),
    ("join", "people join the wave", opening.OPEN, opening.join),
    ("close", "the wave closes", opening.CLOSE + timedelta(minutes=1), opening.close),
    ("commit", "the roll is committed and signed", opening.COMMIT, opening.commit),
    ("draw", "the draw", opening.DRAW, opening.draw),
    ("award", "awards, and messages to all", opening.AWARD, opening.award),
    ("train", "the recommender is trained", opening.AWARD, closing.retrain),
    ("buy-a", "recipients choose and buy", _at(8, 25), lambda story: School(story, "A").buy()),
    ("attend-a", "sessions with face check", _at(8, 28), lambda story: School(story, "A").attend()),
    ("finish-a", "assignment, test, certificate, rating", _at(9, 4), lambda story: School(story, "A").finish()),
    ("revoke", "unused awards return, the next follow", closing.REVOKE, closing.revoke),
    ("retrain", "the recommender learns from purchases", closing.REVOKE, closing.retrain),
    ("buy-b", "the next choose and buy", _at(9, 12), lambda story: School(story, "B").buy()),
    ("attend-b", "their sessions", _at(9, 18), lambda story: School(story, "B").attend()),
    ("finish-b", "their certificates", _at(9, 25), lambda story: School(story, "B").finish()),
    ("link-a", "bank accounts and e-wallets", _at(9, 26), lambda story: School(story, "A").link()),
    ("link-b", "theirs too", _at(9, 26), lambda story: School(story, "B").link()),
    ("survey-a", "survey 1", _at(9, 27), lambda story: School(story, "A").survey(1)),
    ("survey-b", "survey 1 of the others", _at(9, 27), lambda story: School(story, "B").survey(1)),
    ("purse", "cash at the bank; partners will misbehave", _at(9, 28), closing.open_purse),
    ("pay-1", "incentives and settlements are paid", closing.PAY_FIRST, closing.pay),
    ("work", "vacancies and matches", _at(10, 9), closing.find_work),
    ("survey2-a", "survey 2", _at(11, 27), lambda story: School(story, "A").survey(2)),
    ("survey2-b", "survey 2 of the others", _at(11, 27), lambda story: School(story, "B").survey(2)),
    ("pay-2", "the last incentives are paid", closing.PAY_SECOND, closing.pay),
    ("measure", "the effect, from the draw itself", _at(12, 11), closing.measure),
    ("house", "administration and the bank's interest", closing.YEAR_END, closing.keep_house),
    ("year-end", "unused money returns to the treasury", closing.YEAR_END, closing.year_end),
    ("seal", "the ledger is sealed", closing.YEAR_END, closing.seal),
    ("prove", "an outsider checks every proof", closing.YEAR_END, closing.prove),
)


def play(rehearsal: Rehearsal) -> Story:
    """Play every stage that is not done yet."""
    story = Story(rehearsal)
    story.staff.update(rehearsal.remembered("staff", {}))
    for number, (name, title, at, stage) in enumerate(STAGES, 1):
        if name in rehearsal.stages_done:
            continue
        rehearsal.set_time(at)
        story.forget_awards()
        story.progress = Progress(number, len(STAGES), title)
        story.progress.finish(stage(story))
        rehearsal.stage_done(name, staff=story.staff)
    return story
