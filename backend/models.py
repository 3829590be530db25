"""All tables, for whoever needs the whole metadata: migrations and tests."""

from backend.accounts.models import Account, Interaction
from backend.agents.models import Agent, AgentSession, ApiToken
from backend.articles.models import HelpArticle
from backend.attachments.models import StoredAttachment
from backend.contacts.models import ConsentRecord, Contact, Identity
from backend.conversations.models import Conversation, Correction, Message, TicketDraft
from backend.database import Base
from backend.inbox.models import InboxEvent, InboxThread
from backend.outbox.models import DeliveryReport, OutboxAttempt, OutboxItem
from backend.surveys.models import Survey
from backend.tickets.models import Ticket, TicketConversation, TicketCounter, TicketEvent
from backend.timers.models import Timer

__all__ = [
    "Account",
    "Agent",
    "AgentSession",
    "ApiToken",
    "Base",
    "ConsentRecord",
    "Contact",
    "Conversation",
    "Correction",
    "DeliveryReport",
    "HelpArticle",
    "Identity",
    "InboxEvent",
    "InboxThread",
    "Interaction",
    "Message",
    "OutboxAttempt",
    "OutboxItem",
    "StoredAttachment",
    "Survey",
    "Ticket",
    "TicketConversation",
    "TicketCounter",
    "TicketDraft",
    "TicketEvent",
    "Timer",
]
