"""The names that are known for a sender's account: recognised before any other."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from backend.database import Database
from nlp.gazetteer import Gazetteer

_FRESH = timedelta(minutes=1)  # how long a change of an account may go unnoticed
_MOST_ACCOUNTS = 500
_MOST_PEOPLE = 500

_NAMES = """
    SELECT a.name, a.services, a.projects, a.contracts, a.farmer_name, ARRAY(
        SELECT name FROM contacts WHERE account_id = a.id AND name IS NOT NULL
        ORDER BY id DESC LIMIT %s
    )
    FROM accounts a WHERE a.id = %s
"""


@dataclass(slots=True)
class KnownNames:
    """Gazetteers by account, built at most once a minute each."""

    database: Database
    _kept: dict[int, tuple[datetime, Gazetteer]] = field(default_factory=dict)

    async def of_account(self, account_id: int | None, *, now: datetime) -> Gazetteer | None:
        """``None`` for who is new or belongs to no account."""
        if account_id is None:
            return None
        kept = self._kept.get(account_id)
        if kept is None or now - kept[0] > _FRESH:
            kept = (now, await self._build(account_id))
            if len(self._kept) >= _MOST_ACCOUNTS:
                self._kept.clear()
            self._kept[account_id] = kept
        return kept[1]

    async def _build(self, account_id: int) -> Gazetteer:
        row = await self.database.statement(_NAMES, (_MOST_PEOPLE, account_id))
        if row is None:
            return Gazetteer()
        name, services, projects, contracts, farmer, people = row
        return Gazetteer(
            services=[*services, *projects],
            companies=[name],
            people=[*people, *([farmer] if farmer else [])],
            contracts=contracts,
        )
