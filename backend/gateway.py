"""The channels that are configured, by name."""

from collections.abc import Iterable, Iterator

from backend.problems import NotFound
from bot.channels.channel import Channel, WebhookChannel


class Gateway:
    """All channels of this process. A channel without its settings is not here."""

    def __init__(self, channels: Iterable[Channel]) -> None:
        self._channels = {channel.name: channel for channel in channels}
        # asked once: judging by a Protocol is slow, and webhooks are many
        self._webhooks = {
            name: channel
            for name, channel in self._channels.items()
            if isinstance(channel, WebhookChannel)
        }

    def channel(self, name: str) -> Channel:
        """The channel, or :class:`NotFound`."""
        try:
            return self._channels[name]
        except KeyError:
            raise NotFound(f"There is no channel {name[:40]!r} here") from None

    def webhook(self, name: str) -> WebhookChannel:
        """The channel if its provider posts to us, or :class:`NotFound`."""
        try:
            return self._webhooks[name]
        except KeyError:
            raise NotFound(f"There is no channel {name[:40]!r} that takes webhooks here") from None

    def __iter__(self) -> Iterator[Channel]:
        return iter(self._channels.values())

    def __contains__(self, name: object) -> bool:
        return name in self._channels
