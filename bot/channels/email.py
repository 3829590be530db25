"""E-mail: a mailbox read over IMAP and answers sent over SMTP.

There is no webhook. The worker runs :meth:`EmailChannel.watch`, stores each raw mail, and calls
:meth:`EmailChannel.parse_raw` on what it stored.
"""

import asyncio
import re
import ssl
from datetime import datetime, timedelta
from email.utils import parseaddr

import aiosmtplib
from aiosmtplib import SMTP
from pydantic import SecretStr

from bot.channels.channel import Capabilities, FetchedFile, FetchFailed
from bot.mail import mailbox, outgoing
from bot.mail.identity import Signer
from bot.mail.incoming import NAME, interpret
from bot.mail.mailbox import MailboxSettings, OnRaw
from bot.mail.mime import MimeParser
from bot.mail.servers import EntraTokens, OAuthSettings, SignInFailed, TokenSource, parse_url
from bot.messages import (
    Attachment,
    Delivery,
    InboundMessage,
    OutboundMessage,
    Outcome,
    Permanent,
    Receipt,
    Retryable,
    StatusUpdate,
    Uncertain,
)
from bot.rendering import render

AUTH_RETRY = timedelta(minutes=5)
SENDER_RETRY = timedelta(minutes=15)
_PART = re.compile(r"part:(\d{1,5})")


class EmailChannel:
    """One mailbox. ``imap_url`` may be missing: then it only sends.

    ``plus_addressing``: the server delivers ``local+anything@domain`` to the mailbox. ``tls``
    replaces the system's trust, for a private authority. ``tokens`` replaces Entra.
    """

    name = NAME
    capabilities = Capabilities(max_text=100_000, one_reply=True)

    def __init__(
        self,
        *,
        imap_url: SecretStr | None,
        smtp_url: SecretStr,
        email_from: str,
        signing_key: SecretStr,
        oauth: OAuthSettings | None = None,
        tokens: TokenSource | None = None,
        plus_addressing: bool = True,
        tls: ssl.SSLContext | None = None,
        timeout: float = 30.0,
    ) -> None:
        self.account = parseaddr(email_from)[1].lower()
        if not outgoing.is_address(self.account):
            raise ValueError("the sender address for e-mail is not an address")
        self._from = email_from
        self._signer = Signer(signing_key, self.account)
        self._tokens = tokens or (EntraTokens(oauth) if oauth else None)
        self._smtp = parse_url(smtp_url, "smtp")
        self._plus_addressing = plus_addressing
        self._tls = tls
        self._timeout = timeout
        self._parser = MimeParser()
        self._mailbox: MailboxSettings | None = None
        if imap_url is not None:
            self._mailbox = MailboxSettings(
                server=parse_url(imap_url, "imap"),
                account=self.account,
                tokens=self._tokens,
                tls=tls,
                timeout=timeout,
            )

    # --- in ------------------------------------------------------------------------------------

    async def watch(self, on_raw: OnRaw, stop: asyncio.Event) -> None:
        """Hand every new raw mail to ``on_raw`` until ``stop``; see ``bot.mail.mailbox.watch``."""
        if self._mailbox is None:
            raise ValueError("no IMAP URL is configured")
        await mailbox.watch(self._mailbox, on_raw, stop)

    async def parse_raw(self, raw: bytes, *, now: datetime) -> InboundMessage | StatusUpdate:
        """What a stored mail says. Raises :class:`bot.mail.mime.Quarantined`."""
        parsed = await self._parser.extract(raw)
        return interpret(parsed, raw, signer=self._signer, account=self.account, now=now)

    async def fetch(self, attachment: Attachment, raw: bytes) -> FetchedFile:
        """The bytes of ``part:N`` of the stored mail, at most 25 MB."""
        match = _PART.fullmatch(attachment.ref)
        if match is None:
            raise FetchFailed("no es un adjunto de un correo", retry=False)
        return await self._parser.extract_part(raw, int(match.group(1)))

    # --- out -----------------------------------------------------------------------------------

    def render(self, message: OutboundMessage) -> tuple[OutboundMessage, ...]:
        """Choices become numbered lines; a survey says how to answer."""
        if message.choices and message.template == "survey":
            hint = "Responda a este correo con el número de su elección."
            (part,) = render(message, self.capabilities)[:1]
            return (part.model_copy(update={"text": f"{part.text}\n\n{hint}"}),)
        return render(message, self.capabilities)

    async def send(self, delivery: Delivery, *, now: datetime) -> Outcome:
        """Hand the mail to the SMTP server. A link lost while it takes the mail is uncertain."""
        try:
            mail = outgoing.compose(
                delivery,
                signer=self._signer,
                email_from=self._from,
                plus_addressing=self._plus_addressing,
                now=now,
            )
        except outgoing.BadAddress:
            return Permanent(reason="not a mail address", code="invalid_recipient")
        smtp = self._client()
        try:
            return await self._connect(smtp) or await self._transfer(smtp, mail)
        finally:
            await _quit(smtp)

    async def reconcile(self, delivery: Delivery, *, now: datetime) -> Outcome:
        """Look for the Message-ID among the sent mail. Its absence proves nothing."""
        del now
        message_id = self._signer.message_id(delivery.thread, delivery.key)
        if self._mailbox is not None:
            try:
                if await mailbox.was_sent(self._mailbox, message_id):
                    return Receipt(provider_id=message_id)
            except mailbox.FAILURES as error:
                return Uncertain(reason=f"sent mail not readable: {type(error).__name__}")
        return Uncertain(reason="not found among the sent mail")

    async def check(self) -> str:
        """Sign in to both servers; what was found. Raises ``SignInFailed`` or ``OSError``."""
        smtp = self._client()
        try:
            problem = await self._connect(smtp)
        finally:
            await _quit(smtp)
        if problem is not None:
            raise SignInFailed(problem.reason)
        if self._mailbox is None:
            return "SMTP disponible, sin IMAP"
        try:
            return f"SMTP disponible, {await mailbox.check(self._mailbox)}"
        except mailbox.FAILURES as error:
            raise SignInFailed(f"IMAP: {type(error).__name__}") from error

    def _client(self) -> SMTP:
        return SMTP(
            hostname=self._smtp.host,
            port=self._smtp.port,
            use_tls=self._smtp.security == "tls",
            start_tls=self._smtp.security == "starttls",
            tls_context=self._tls,
            timeout=self._timeout,
            local_hostname=self.account.rpartition("@")[2],
        )

    async def _connect(self, smtp: SMTP) -> Retryable | None:
        """Connect and sign in; why not, if not."""
        try:
            await smtp.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            return Retryable(reason=f"SMTP server not reached: {type(error).__name__}")
        try:
            if self._tokens is not None:
                token = await self._tokens.token()
                await smtp.auth_xoauth2(self._smtp.username or self.account, token)
            elif self._smtp.username and self._smtp.password:
                await smtp.login(self._smtp.username, self._smtp.password.get_secret_value())
        except SignInFailed as error:
            return Retryable(reason=str(error), after=AUTH_RETRY)
        except (aiosmtplib.SMTPException, OSError) as error:
            # Also when the server just hangs up: trying again at once may lock the account.
            reason = f"SMTP sign-in refused: {type(error).__name__}"
            return Retryable(reason=reason, after=AUTH_RETRY)
        return None

    @staticmethod
    async def _transfer(smtp: SMTP, mail: outgoing.Outgoing) -> Outcome:
        try:
            await smtp.mail(mail.envelope_from)
            await smtp.rcpt(mail.recipient)
        except aiosmtplib.SMTPSenderRefused as error:
            # Our set-up is wrong (not allowed to send as this address): keep the mail till mended.
            wait = SENDER_RETRY if error.code >= 500 else None
            return Retryable(reason=f"sender refused: {error.code}", after=wait)
        except aiosmtplib.SMTPRecipientRefused as error:
            if error.code < 500:
                return Retryable(reason=f"recipient deferred: {error.code}")
            code = "rejected" if "5.7." in error.message else "invalid_recipient"
            return Permanent(reason=f"recipient refused: {error.code}", code=code)
        except (aiosmtplib.SMTPException, OSError) as error:
            return Retryable(reason=f"SMTP link lost: {type(error).__name__}")
        try:
            await smtp.data(mail.content)
        except aiosmtplib.SMTPDataError as error:
            if error.code < 500:
                return Retryable(reason=f"mail deferred: {error.code}")
            return Permanent(reason=f"mail refused: {error.code}")
        except (aiosmtplib.SMTPException, OSError) as error:
            return Uncertain(reason=f"link lost while sending: {type(error).__name__}")
        return Receipt(provider_id=mail.message_id)


async def _quit(smtp: SMTP) -> None:
    if smtp.is_connected:
        try:
            await smtp.quit(timeout=5)
        except (aiosmtplib.SMTPException, OSError):
            smtp.close()
    else:
        smtp.close()
