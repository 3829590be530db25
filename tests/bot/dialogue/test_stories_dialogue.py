"""Every story on the dialogue alone, understood as the story tells."""

import pytest
from support import stories
from support.stories import Story
from support.story_world import World, check

from bot.dialogue.draft import MAX_QUESTIONS

STORIES = stories.load()


def test_there_are_many_stories_and_no_title_twice() -> None:
    titles = [s.title for s in STORIES]
    assert len(titles) >= 45
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("story", STORIES, ids=lambda s: f"{s.file}: {s.title}")
def test_story(story: Story) -> None:
    world = World.of(story)
    for number, step in enumerate(story.step, start=1):
        before = len(world.tickets)
        world.play(step)
        heard = step.says or step.taps or step.sends or step.event
        try:
            check(world, step.expects)
            _check_manners(world, before)
        except AssertionError as error:
            raise AssertionError(f"step {number} ({heard}): {error}") from error


def _check_manners(world: World, tickets_before: int) -> None:
    """What holds after every step of every story."""
    for message in world.said:
        if "1581 de 2012" not in message.text and message.automatic:
            assert len(message.text) <= 600
        assert len(message.choices) <= 10
        assert all(len(c.label) <= 20 and len(c.id.encode()) <= 64 for c in message.choices)
    assert len(world.state.asked) <= MAX_QUESTIONS
    assert len(world.tickets) <= tickets_before + 1
    if world.consent == "refused":
        assert world.state.draft is None
