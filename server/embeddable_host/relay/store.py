"""Where the relay's messages wait: what every store promises."""

import asyncio
from dataclasses import dataclass
from typing import Protocol


class StoreFull(Exception):
    """The store holds as many messages as it may."""


class ClientLimitReached(Exception):
    """One client has as many messages in the store as it may."""


@dataclass(frozen=True)
class Limits:
    """How many messages the store may hold: `messages` in all, and `of_client` from one client.

    `client`: the client's address, or what stands for it; empty where it is not known.
    """

    messages: int
    client: str = ""
    of_client: int = 0


class StoreError(Exception):
    """The store cannot be used; `reason` says why without naming a message. `no_space`: there is no room left."""

    def __init__(self, reason: str, no_space: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.no_space = no_space


class MessageStore(Protocol):
    """Keeps each message until it is taken, once, or until it expires (`MESSAGE_LIFETIME_SECONDS`).

    Any number of processes may use one store at the same time. All methods raise StoreError.
    """

    async def put(self, name: str, content: bytes, limits: Limits | None = None) -> bool:
        """Stores a message; False where there is one of this name already, which stays.

        Raises StoreFull or ClientLimitReached. No client's address is kept, only a keyed hash of it.
        """

    async def take(self, name: str, seconds: float, abandoned: asyncio.Future[None]) -> bytes | None:
        """Waits up to `seconds` for a message, removes it and returns it; None where none came.

        Returns early when `abandoned` is done. Of several that wait for one message, one gets it.
        """

    async def expire(self) -> int:
        """Removes what has expired, and returns the number of messages among it."""

    def release(self) -> None:
        """Ends every wait at once, now and from now on: the process is about to stop."""

    def describe(self) -> str:
        """What the store is and how to repair it, for an operator."""
