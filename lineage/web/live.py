"""What connections that stay open have in common, whichever protocol they speak: questions of any kind, answered once
or as often as something changes.
"""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from lineage.access import Grant
from lineage.deadline import Deadline
from lineage.errors import DeadlineExceeded, LineageError, NoRoom, RightsUnknown, StoreError, Unauthenticated
from lineage.room import Room as AnswerRoom
from lineage.web.admission import Admission, TooMany
from lineage.web.broadcast import Broadcast, Message, TooSlow
from lineage.web.endpoint import Answer, error_of, refused_as, room_for_answers
from lineage.web.following import LOOK_AGAIN_SECONDS, Nothing, Reader, Room, followed, nobody_hangs_up
from lineage.web.questions import Question, Questions
from lineage.web.threads import Overloaded, Threads
from lineage_graphql import (
    BUDGET_SECONDS,
    InvalidDocument,
    Subscription,
    SubscriptionRefused,
    operation_kind,
    read_subscription,
    refusal,
)

THREADS: Final = 2  # for texts that are read, and as many for what is asked over them: who asks much asks by HTTP
NOT_FOR_NOW: Final = (StoreError, DeadlineExceeded, NoRoom, RightsUnknown, Overloaded)
"""Why somebody is not told any more who may come back soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What answers questions over connections that stay open. `note_followed` is told of subscriptions that begin.

    Texts are read on `reading`, and answered on `asking`: what takes long there keeps nobody from beginning to follow.
    """

    admission: Admission
    answer: Answer
    broadcast: Broadcast
    questions: Questions
    room: Room
    reading: Threads
    asking: Threads
    note_followed: Callable[[Grant, Question], None]
    look_again_seconds: float = LOOK_AGAIN_SECONDS
    answers: AnswerRoom = field(default_factory=room_for_answers)

    async def begin(self, grant: Grant, question: Question) -> Subscription | None:
        """Count a question, and read what it follows; None where it is answered once.

        Raises:
            Overloaded, TooMany: as `Admission` and `Threads`.
            SubscriptionRefused: it cannot be followed.
        """
        self.admission.count(grant)
        read = partial(_followed_by, question)
        asked = await self.reading.run(read, Deadline(BUDGET_SECONDS), nobody_hangs_up)
        if asked is not None:
            self.note_followed(grant, question)
        return asked

    async def answered(self, grant: Grant, question: Question) -> dict[str, Any]:
        """Answer a question once. The answer has no `data` where it could not be executed at all.

        Raises:
            Overloaded, TooMany: as `Admission` and `Threads`.
        """
        with self.answers.share() as share, self.admission.under_way(grant):
            deadline = Deadline(BUDGET_SECONDS, share=share)
            asked = (grant, question.query, question.variables, question.operation_name, deadline)
            return await self.asking.run(partial(self.answer, *asked), deadline, nobody_hangs_up)

    def told(self, reader: Reader, asked: Subscription) -> AsyncGenerator[Message | Nothing]:
        """Tell what one follows (`lineage.web.following.followed`)."""
        return followed(self.broadcast, reader, asked, look_again_seconds=self.look_again_seconds)


def errors_told(error: Exception) -> list[dict[str, object]]:
    """Say in errors of GraphQL why nothing comes, or nothing more."""
    match error:
        case SubscriptionRefused():
            return [dict(one) for one in error.errors]
        case TooSlow():
            return list(error_of(str(error), "TOO_SLOW")["errors"])
        case Unauthenticated() | NoRoom() | RightsUnknown() | TooMany() | Overloaded():
            return list(error_of(str(error), refused_as(error)[1])["errors"])
        case LineageError():
            return [dict(one) for one in refusal(error)]
        case _:
            raise error


def _followed_by(question: Question) -> Subscription | None:
    try:
        kind = operation_kind(question.query, question.operation_name)
    except InvalidDocument:
        kind = None  # the answer says why
    if kind != "subscription":
        return None
    return read_subscription(question.query, question.variables, question.operation_name)
