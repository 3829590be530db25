"""The channels that are configured, by name."""

from collections.abc import Iterable, Iterator

from backend.problems import NotFound
from bot.channels.channel import Channel, WebhookChannel


class Gateway:
    """All channels of this process. A channel without its settings is not here."""

    def __init__(self, channels: Iterable[Channel]) -> None:
        self._channels = {channel.name: channel for channel in channels}

    def channel(self, name: str) -> Channel:
        """The channel, or :class:`NotFound`."""
        try:
            return self._channels[name]
        except KeyError:
            raise NotFound(f"There is no channel {name[:40]!r} here") from None

    def webhook(self, name: str) -> WebhookChannel:
        """The channel if its provider posts to us, or :class:`NotFound`."""
        channel = self.channel(name)
        if not isinstance(channel, WebhookChannel):
            raise NotFound(f"Channel {name[:40]!r} takes no webhooks")
        return channel

    def __iter__(self) -> Iterator[Channel]:
        return iter(self._channels.values())

    def __contains__(self, name: object) -> bool:
        return name in self._channels
