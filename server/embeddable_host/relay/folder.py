"""Messages in a folder: the store for one machine, with any number of processes.

The file system decides between processes. A message is written whole under another name before it gets its own by
link(2), which fails where one exists already. To take it is to rename(2) it, which only one of several takers can. So
there are no locks, and messages outlive the processes.

A message from a known client has a second link, whose name begins with a tag of the client: these are counted. The tag
is a keyed hash of the client's address. It stands at the beginning of the file, so that whoever takes the message can
remove the link.
"""

import asyncio
import contextlib
import errno
import functools
import hmac
import logging
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from embeddable_host.relay.protocol import ID_PATTERN, MAX_MESSAGE_BYTES, MESSAGE_LIFETIME_SECONDS
from embeddable_host.relay.store import ClientLimitReached, Limits, StoreError, StoreFull

T = TypeVar("T")

log = logging.getLogger("embeddable_host")

DISK_THREADS = 4  # of their own: a disk that hangs blocks nothing else
DISK_TIMEOUT_SECONDS = 5
HANGS = f"its disk has not responded for {DISK_TIMEOUT_SECONDS} seconds"

POLL_INTERVAL_SECONDS = 0.05  # while somebody waits: another process may have stored the message
TAG_BYTES = 16
NO_TAG = "-" * TAG_BYTES
FOLDER_MODE = 0o700
KEY_FILE = ".key"  # of the tags
MESSAGE = re.compile(rf"{ID_PATTERN}(\.[a-z0-9-]+)?")
UNFINISHED = re.compile(r"\.[0-9a-f]{32}")  # a message that is being written or taken
CLIENT_LINK = re.compile(rf"[0-9a-f]{{{TAG_BYTES}}}~{MESSAGE.pattern}")
OURS = re.compile("|".join(pattern.pattern for pattern in (MESSAGE, UNFINISHED, CLIENT_LINK)))


class MessageFolder:
    """The messages in `path`, which is created when the first is put. Other files in it are left alone.

    All methods block, so they are for threads, and raise OSError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_secure = False

    def secure(self) -> None:
        """Closes the folder to other users, who could see and remove messages, where somebody else has created it.

        Raises OSError where that is not possible: then no message is put there.
        """
        if self._is_secure:
            return
        with contextlib.suppress(FileNotFoundError):  # created later, for this user only
            status = os.stat(self.path)
            if status.st_uid == os.geteuid():
                if stat.S_IMODE(status.st_mode) & 0o077:
                    os.chmod(self.path, FOLDER_MODE)
                    log.warning("The relay's folder %s was open to other users and is closed to them now.", self.path)
            elif status.st_mode & stat.S_IRWXO:
                raise OSError(errno.EPERM, "it belongs to another user, and everybody may use it")
            self._is_secure = True

    def names(self) -> set[str]:
        """The name of everything in the folder; nothing where there is no folder."""
        try:
            return set(os.listdir(self.path))
        except FileNotFoundError:
            return set()

    def put(self, name: str, content: bytes, limits: Limits | None = None) -> bool:
        """Stores a message; False where there is one of this name already, which stays.

        Raises StoreFull and ClientLimitReached.
        """
        self.secure()
        unfinished, file = self._create()
        try:
            tag = self._tag(limits.client) if limits and limits.client else NO_TAG
            with file:
                # Whoever is about to store a message has a file here already, so all together keep to the limit.
                if limits and self._count(MESSAGE, UNFINISHED) > limits.messages:
                    raise StoreFull
                file.write(tag.encode() + content)
            if limits and tag != NO_TAG:
                return self._publish_for_client(unfinished, name, tag, limits.of_client)
            return self._publish(unfinished, self.path / name)
        finally:
            unfinished.unlink(missing_ok=True)

    def _publish_for_client(self, unfinished: Path, name: str, tag: str, limit: int) -> bool:
        client_link = self.path / f"{tag}~{name}"
        if not _link(unfinished, client_link):
            return False  # the client has put this message already
        is_new = False
        try:
            if sum(other.startswith(f"{tag}~") for other in self.names()) > limit:
                raise ClientLimitReached
            is_new = self._publish(unfinished, self.path / name)
            return is_new
        finally:
            if not is_new:
                client_link.unlink(missing_ok=True)

    def take(self, name: str) -> bytes | None:
        """Removes a message and returns it; None where there is none, or another taker was faster."""
        message, taken = self.path / name, self._new_name()
        with contextlib.suppress(FileNotFoundError):
            if _is_message(os.lstat(message)):
                os.rename(message, taken)
                try:
                    with open(os.open(taken, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
                        tag, content = file.read(TAG_BYTES), file.read(MAX_MESSAGE_BYTES)
                    (self.path / f"{tag.decode('ascii', 'replace')}~{name}").unlink(missing_ok=True)
                    return content
                finally:
                    os.unlink(taken)
        return None

    def expire(self) -> int:
        """Removes what has expired, finished or not; returns the number of messages among it."""
        self.secure()
        messages = 0
        for name in self._ours():
            file = self.path / name
            with contextlib.suppress(FileNotFoundError, IsADirectoryError):  # taken meanwhile; not ours
                if _is_expired(os.lstat(file)):
                    os.unlink(file)
                    messages += MESSAGE.fullmatch(name) is not None
        return messages

    def _ours(self) -> list[str]:
        return list(filter(OURS.fullmatch, self.names()))

    def _count(self, *patterns: re.Pattern[str]) -> int:
        return sum(any(pattern.fullmatch(name) for pattern in patterns) for name in self.names())

    def _tag(self, client: str) -> str:
        return hmac.digest(self._key(), client.encode(), "sha256").hex()[:TAG_BYTES]

    def _key(self) -> bytes:
        """The key of the tags: random, made once for the folder, and the same for all its processes."""
        file = self.path / KEY_FILE
        with contextlib.suppress(FileNotFoundError):
            return file.read_bytes()
        unfinished, written = self._create()
        with written:
            written.write(secrets.token_bytes(32))
        _link(unfinished, file)
        unfinished.unlink()
        return file.read_bytes()

    def _new_name(self) -> Path:
        """A name that nobody else has and no message can have."""
        return self.path / f".{secrets.token_hex(16)}"

    def _create(self) -> tuple[Path, BinaryIO]:
        """A new file, in a folder that is made where it is missing."""
        path = self._new_name()
        try:
            return path, _create(path)
        except FileNotFoundError:
            self.path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            return path, _create(path)

    def _publish(self, unfinished: Path, message: Path) -> bool:
        while True:
            if _link(unfinished, message):
                return True
            with contextlib.suppress(FileNotFoundError):  # taken meanwhile
                if not _is_expired(os.lstat(message)):
                    return False
                os.unlink(message)


def _link(file: Path, name: Path) -> bool:
    """Gives a file a second name; False where there is a file of that name."""
    try:
        os.link(file, name)
        return True
    except FileExistsError:
        return False


def _create(path: Path) -> BinaryIO:
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode=0o600), "wb")


def _is_message(status: os.stat_result) -> bool:
    """Whether it is a file of a message's size and age, and no link or folder that somebody put in its place."""
    is_of_size = TAG_BYTES < status.st_size <= TAG_BYTES + MAX_MESSAGE_BYTES
    return stat.S_ISREG(status.st_mode) and is_of_size and not _is_expired(status)


def _is_expired(status: os.stat_result) -> bool:
    """A clock that was set back leaves messages from the future: those far ahead have expired as well."""
    return abs(time.time() - status.st_mtime) > MESSAGE_LIFETIME_SECONDS


class FolderStore:
    """A `MessageStore` over a folder: the disk is used in threads, and a wait is woken when its message appears."""

    def __init__(self, path: Path) -> None:
        self._folder = MessageFolder(path)
        self._disk = Disk()
        self._arrivals: dict[str, set[asyncio.Future[None]]] = {}
        self._polling: asyncio.Task[None] | None = None
        self._is_released = False

    async def put(self, name: str, content: bytes, limits: Limits | None = None) -> bool:
        is_new = await self._disk.use(self._folder.put, name, content, limits)
        if is_new:
            self._wake(name)
        return is_new

    async def take(self, name: str, seconds: float, abandoned: asyncio.Future[None]) -> bytes | None:
        def put_back(content: bytes | None) -> None:
            if content:
                self._folder.put(name, content)

        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while True:
            with self._arrival(name) as arrival:
                if abandoned.done():
                    return None
                if content := await self._disk.use(self._folder.take, name, late=put_back):
                    return content
                remaining = end - loop.time()
                if remaining <= 0 or self._is_released:
                    return None
                await asyncio.wait((abandoned, arrival), timeout=remaining, return_when=asyncio.FIRST_COMPLETED)

    async def expire(self) -> int:
        return await self._disk.use(self._folder.expire)

    def release(self) -> None:
        self._is_released = True
        for name in list(self._arrivals):
            self._wake(name)

    def describe(self) -> str:
        return (
            f"its folder {self._folder.path.absolute()}. Make the folder writable, make room on its disk, or choose "
            "another one (relay.dir)"
        )

    @contextlib.contextmanager
    def _arrival(self, name: str) -> Iterator[asyncio.Future[None]]:
        """A future that is done as soon as the message is there."""
        arrival = asyncio.get_running_loop().create_future()
        self._arrivals.setdefault(name, set()).add(arrival)
        if self._polling is None or self._polling.done():
            self._polling = asyncio.create_task(self._poll())
        try:
            yield arrival
        finally:
            self._arrivals[name].discard(arrival)
            if not self._arrivals[name]:
                del self._arrivals[name]

    async def _poll(self) -> None:
        """Lists the folder while somebody waits, to find what other processes have stored."""
        while self._arrivals:
            await asyncio.sleep(POLL_INTERVAL_SECONDS)
            with contextlib.suppress(StoreError):  # reported by the wait that runs into it
                names = await self._disk.use(self._folder.names)
                for name in names & self._arrivals.keys():
                    self._wake(name)

    def _wake(self, name: str) -> None:
        for arrival in self._arrivals.get(name, ()):
            if not arrival.done():
                arrival.set_result(None)


class Disk:
    """Runs what uses a disk, in threads. A disk that hangs keeps them, and from then on every use fails at once."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(DISK_THREADS, thread_name_prefix="relay")
        self._hanging: set[Future[Any]] = set()

    async def use(self, function: Callable[..., T], *arguments: object, late: Callable[[T], object] | None = None) -> T:
        """Calls a function. Raises StoreError; `late` then gets what the function returns nevertheless."""
        if sum(not call.done() for call in self._hanging) >= DISK_THREADS:
            raise StoreError(HANGS)
        call = self._threads.submit(function, *arguments)
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(call)), DISK_TIMEOUT_SECONDS)
        except TimeoutError:
            if not call.cancel():  # it has begun
                self._hanging = {other for other in self._hanging if not other.done()} | {call}
                if late:
                    call.add_done_callback(functools.partial(self._finish, late))
            raise StoreError(HANGS) from None
        except OSError as error:  # without its file name, which is the name of a message
            no_space = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise StoreError(error.strerror or type(error).__name__, no_space) from None

    def _finish(self, late: Callable[[T], object], call: Future[T]) -> None:
        if not call.exception():
            self._threads.submit(late, call.result())
