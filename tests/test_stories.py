"""Every story over every channel, from the provider's bytes in to the provider's bytes out."""

import httpx
import pytest
from support import stories, twilio_api
from support.mail_server import running_smtp
from support.servers import drop_database, fresh_database
from support.stack import running_stack
from support.stories import Story
from support.story_channels import (
    PUBLIC,
    SUPPORT,
    TELEGRAM,
    TWILIO,
    Browser,
    MailClient,
    TelegramPhone,
    WhatsAppPhone,
    obstacle,
)
from support.story_stack import Played, Script, empty, play
from support.telegram_api import SECRET, TOKEN, FakeTelegram
from support.twilio_api import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio

STORIES = stories.load()
CHANNELS = ("whatsapp", "telegram", "email", "webchat")
UNDERSTOOD = 0.85
"""Share of the stories that must end well when the model itself understands every message."""


class Providers(httpx.AsyncBaseTransport):
    """The outside: one fake per host."""

    def __init__(self) -> None:
        self.twilio, self.telegram = FakeTwilio(), FakeTelegram()
        self._hosts = {
            TWILIO: httpx.ASGITransport(self.twilio.app),
            TELEGRAM: httpx.ASGITransport(self.telegram.app),
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        origin = f"{request.url.scheme}://{request.url.host}"
        return await self._hosts[origin].handle_async_request(request)


@pytest.fixture(scope="module")
async def helpcare(template_url, tmp_path_factory):
    """One stack with all four channels for all stories: ``(stack, make a phone)``."""
    providers, url = Providers(), fresh_database(template_url)
    with running_smtp() as smtp:
        async with running_stack(
            url,
            tmp_path_factory.mktemp("stories"),
            transport=providers,
            public_url=PUBLIC,
            privacy_url=f"{PUBLIC}/privacidad",
            twilio_account_sid=ACCOUNT_SID,
            twilio_auth_token=AUTH_TOKEN,
            twilio_whatsapp_from=twilio_api.NUMBER,
            twilio_api_url=TWILIO,
            telegram_bot_token=TOKEN,
            telegram_webhook_secret=SECRET,
            telegram_api_url=TELEGRAM,
            imap_url="imap://nobody:none@127.0.0.1:1/INBOX",  # mails are handed in, not fetched
            smtp_url=smtp.url,
            email_from=f"Help Care <{SUPPORT}>",
        ) as stack:

            def phone(channel, name):
                match channel:
                    case "whatsapp":
                        return WhatsAppPhone(stack, providers.twilio, name)
                    case "telegram":
                        return TelegramPhone(stack, providers.telegram, name)
                    case "email":
                        return MailClient(stack, smtp, name)
                return Browser(stack)

            yield stack, phone
    drop_database(url)


def _lived(channel: str, story: Story):
    why = obstacle(channel, story)
    marks = [pytest.mark.skip(reason=f"{channel}: {why}")] if why else []
    return pytest.param(channel, story, id=f"{channel}: {story.file}: {story.title}", marks=marks)


@pytest.mark.parametrize(
    ("channel", "story"), [_lived(channel, story) for channel in CHANNELS for story in STORIES]
)
async def test_story(helpcare, channel, story):
    stack, phone = helpcare
    await empty(stack)
    client = phone(channel, story.world.name or "Ana Gómez")
    await play(Played(stack, story, client, Script(story)))


def test_nearly_all_stories_can_be_lived_on_every_channel():
    for channel in CHANNELS:
        assert sum(obstacle(channel, story) is None for story in STORIES) >= 50


@pytest.mark.timeout(400)  # it is a hundred stories
async def test_most_stories_end_well_with_the_trained_model(helpcare):
    stack, phone = helpcare
    lived = [s for s in STORIES if obstacle("webchat", s) is None and s.world.model]
    failures = []
    for story in lived:
        await empty(stack)
        try:
            await play(Played(stack, story, phone("webchat", "Ana Gómez"), None))
        except AssertionError as error:
            failures.append(f"{story.file}: {story.title}\n    {error}")
    share = 1 - len(failures) / len(lived)
    print(f"{share:.0%} of {len(lived)} stories", *failures, sep="\n")
    assert share >= UNDERSTOOD
