"""Statistics of recorded requests on documents and gaps; for administrators alone."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime

import sqlalchemy as sa

from rag.access.acl import AccessFilter
from rag.adapters.catalog.database import Database
from rag.adapters.catalog.schema import requests
from rag.reports.review import Usage
from rag.reports.unanswered import Question, Unanswered

# As many pages as somebody reads who is in a hurry.
_FIRST_PAGES = 3
_PLACE_OF_DOCUMENT = 1  # in an item of `shown`


class UsageReader:
    """Requests of all users, as the catalog keeps them; only for those who may read everything."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def usage(self, *, access: AccessFilter) -> Usage:
        """How often each page was shown among the first, and which were shown at all."""
        if not access.everything:
            return Usage()
        answers: Counter[str] = Counter()
        found: set[str] = set()
        searches = 0
        query = sa.select(requests.c.shown, requests.c.no_result)
        with self._database.read() as connection:
            since = connection.scalar(sa.select(sa.func.min(requests.c.asked_at)))
            for shown, no_result in connection.execute(query):
                pages = dict.fromkeys(item[_PLACE_OF_DOCUMENT] for item in json.loads(shown))
                searches += 1
                if not no_result:
                    found.update(pages)
                    answers.update(list(pages)[:_FIRST_PAGES])
        at = datetime.fromisoformat(since) if since else None
        return Usage(searches, at, dict(answers), frozenset(found))

    def unanswered(self, *, access: AccessFilter) -> Unanswered:
        """Every question without a result that is still remembered."""
        if not access.everything:
            return Unanswered()
        query = (
            sa.select(requests.c.question, requests.c.asked_at)
            .where(requests.c.no_result)
            .order_by(requests.c.asked_at)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        kept = [Question(row[0], datetime.fromisoformat(row[1])) for row in rows if row[0]]
        return Unanswered(tuple(kept), len(rows) - len(kept))
