"""Whatever an archive or an address contains, `pull` ends within its memory and its time, and reports the limit."""

import contextlib
import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from embeddable_host.contract import APP_SCRIPT_TAG
from embeddable_host.limits import MAX_FILES, MIB
from embeddable_host.releases.archive import unpack
from embeddable_host.releases.error import ReleaseError
from embeddable_host.releases.references import chunk_names, references
from embeddable_host.releases.release import version_of
from world import cdn, hostile
from world.cdn import Cdn
from world.growth import MAX_RATIO, ratio
from world.hostile import Behaviour, once, with_length, zeros_in_gzip
from world.measured import measured
from world.small_release import FILES, a_release

pytestmark = pytest.mark.extra

GIB = 1024 * MIB
MEMORY = 100  # MiB that a bomb may take; each contains a GiB, or pretends to


# Archives


def header(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    return member.tobuf(tarfile.GNU_FORMAT)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def pax(*records: tuple[str, str], kind: bytes = tarfile.XHDTYPE) -> bytes:
    """An extended header with these records."""
    lines = b""
    for key, value in records:
        rest = f" {key}={value}\n".encode()
        length = next(n for n in range(len(rest), len(rest) + 9) if len(str(n)) + len(rest) == n)
        lines += b"%d" % length + rest
    return header("pax", len(lines), kind) + padded(lines)


def tgz(*parts: bytes) -> bytes:
    """A compressed tar; a part that is compressed already is left as it is."""
    return b"".join(part if part.startswith(b"\x1f\x8b") else gzip.compress(part) for part in (*parts, bytes(1024)))


def members(count: int, kind: bytes) -> bytes:
    return b"".join(header(f"{number}.map", kind=kind) for number in range(count))


def gnu_sparse() -> bytes:
    block = bytearray(header("sparse.js", 0, tarfile.GNUTYPE_SPARSE))
    block[482] = 1  # more of the map follows, for ever
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + 8 * 32 + sum(block[156:]))
    return bytes(block)


def zipped(name: str, content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as packed:
        packed.writestr(name, content)
    return file.getvalue()


def zip_that_lies() -> bytes:
    """Its entry announces ten bytes."""
    size = struct.pack("<I", 64 * MIB)
    return zipped("app.js", bytes(64 * MIB)).replace(size, struct.pack("<I", 10))


def zip_with_a_directory_of(entries: int) -> bytes:
    entry = zipped("a", b"").partition(b"PK\x01\x02")
    directory = (b"PK\x01\x02" + entry[2].partition(b"PK\x05\x06")[0]) * entries
    return directory + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, len(directory), 0, 0)


TOO_MUCH = "contains more than 10000 files or 536870912 bytes"
ARCHIVES: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "a PAX header of a GiB": (
        "a.tgz",
        lambda: tgz(header("x", GIB, tarfile.XHDTYPE), zeros_in_gzip(1024)),
        "contains a header with more than 65536 bytes",
    ),
    "a global PAX header of a GiB": (
        "a.tgz",
        lambda: tgz(header("x", GIB, tarfile.XGLTYPE), zeros_in_gzip(1024)),
        "contains a header with more than 65536 bytes",
    ),
    "a long name of a GiB": (
        "a.tgz",
        lambda: tgz(header("x", GIB, tarfile.GNUTYPE_LONGNAME), zeros_in_gzip(1024)),
        "contains a header with more than 65536 bytes",
    ),
    "a long link of a GiB": (
        "a.tgz",
        lambda: tgz(header("x", GIB, tarfile.GNUTYPE_LONGLINK), zeros_in_gzip(1024)),
        "contains a header with more than 65536 bytes",
    ),
    "a file of a GiB": (
        "a.tgz",
        lambda: tgz(header("app.js", GIB), zeros_in_gzip(1024)),
        "contains app.js with more than 67108864 bytes",
    ),
    "a GiB in a file that is left out": (
        "a.tgz",
        lambda: tgz(header("app.js.map", GIB), zeros_in_gzip(1024)),
        TOO_MUCH,
    ),
    "the size of a file in a PAX header": (
        "a.tgz",
        lambda: tgz(pax(("size", str(GIB))), header("app.js"), zeros_in_gzip(1024)),
        "contains app.js with more than 67108864 bytes",
    ),
    "a PAX size below zero": ("a.tgz", lambda: tgz(pax(("size", "-512")), header("a.map")), "cannot be unpacked"),
    "a size of 2^62": ("a.tgz", lambda: tgz(header("app.js", 2**62)), "cannot be unpacked (unexpected end)"),
    "PAX headers before nothing": (
        "a.tgz",
        lambda: tgz(pax(("path", "x")) * 2000),
        "no folder with app.html",
    ),
    "many records in a PAX header": (
        "a.tgz",
        lambda: tgz(pax(*((f"k{number}", "") for number in range(1000)))),
        "more than 100 PAX records",
    ),
    "a PAX record without a length": (
        "a.tgz",
        lambda: tgz(header("x", 512, tarfile.XHDTYPE), b"9" * 512),
        "cannot be unpacked",
    ),
    "a PAX record of no length": (
        "a.tgz",
        lambda: tgz(header("x", 512, tarfile.XHDTYPE), b"0 a=b\n".ljust(512, b"\0")),
        "cannot be unpacked",
    ),
    "very many folders": ("a.tgz", lambda: tgz(members(20_000, tarfile.DIRTYPE)), TOO_MUCH),
    "very many files that are left out": ("a.tgz", lambda: tgz(members(20_000, tarfile.REGTYPE)), TOO_MUCH),
    "a sparse file of GNU": ("a.tgz", lambda: tgz(gnu_sparse(), bytes(MIB)), "is sparse"),
    "a sparse file of PAX": (
        "a.tgz",
        lambda: tgz(pax(("GNU.sparse.major", "1"), ("GNU.sparse.realsize", str(2**62))), header("app.js")),
        "is sparse",
    ),
    "a gzip of very many empty members": ("a.tgz", lambda: gzip.compress(b"") * 50_000, "unexpected end"),
    "a tar without its end": ("a.tar", lambda: header("app.js", 512) + bytes(512), "unexpected end"),
    "a zip of a GiB": (
        "a.zip",
        lambda: zipped("app.js", bytes(128 * MIB)),
        "contains app.js with more than 67108864 bytes",
    ),
    "a zip that announces less": ("a.zip", zip_that_lies, "cannot be unpacked (Bad CRC-32"),
    "a zip with a large directory": (
        "a.zip",
        lambda: zip_with_a_directory_of(100_000),
        "has a directory of more than 4194304 bytes",
    ),
    "a zip with bzip2": (
        "a.zip",
        lambda: zipped("app.js", bytes(64 * MIB), zipfile.ZIP_BZIP2),
        "is compressed by an unusual method",
    ),
    "a zip with LZMA": (
        "a.zip",
        lambda: zipped("app.js", bytes(64 * MIB), zipfile.ZIP_LZMA),
        "is compressed by an unusual method",
    ),
    "a deep folder": ("a.zip", lambda: zipped("a/" * 1500 + "app.html", b""), "in more than 16 folders"),
    "a long name": ("a.tgz", lambda: tgz(pax(("path", "x" * 5000)), header("a")), "longer than 255 characters"),
    "a name that steers a terminal": (
        "a.tgz",
        lambda: tgz(pax(("path", "\x1b[2J\x9b31m\u202e.js")), header("a")),
        r"contains '\x1b[2J\x9b31m\u202e.js', which leads outside",
    ),
}
UNPACK = """
from pathlib import Path
from embeddable_host.releases.archive import unpack
from embeddable_host.releases.error import ReleaseError
"""
UNPACKING = """
try:
    unpack(Path(sys.argv[1]), Path(sys.argv[2]), "archive")
except ReleaseError as error:
    print(error)
"""


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_that_is_a_bomb_is_refused_within_the_memory(tmp_path: Path, name: str) -> None:
    file, make, message = ARCHIVES[name]
    (tmp_path / file).write_bytes(make())
    done = measured(UNPACK, UNPACKING, tmp_path / file, tmp_path / "unpacked")
    assert message in done.output
    assert done.output.strip().isprintable()
    assert done.memory < MEMORY


@pytest.mark.parametrize("file", ["a.tgz", "a.zip"])
def test_an_archive_that_takes_too_long_is_refused(tmp_path: Path, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embeddable_host.releases.archive.UNPACK_SECONDS", -1.0)
    (tmp_path / file).write_bytes(tgz(header("app.js")) if file == "a.tgz" else zipped("app.js", b""))
    with pytest.raises(ReleaseError, match="takes more than -1 seconds to unpack"):
        unpack(tmp_path / file, tmp_path / "unpacked", "archive")


def test_an_archive_of_another_program_is_unpacked(tmp_path: Path) -> None:
    """A global header (`git archive`), times as PAX records, a long name in GNU's form, folders, and padding."""
    long = f"{'folder/' * 10}{'x' * 60}.js"
    entries = [
        pax(("comment", "0123"), kind=tarfile.XGLTYPE),
        header("built/", kind=tarfile.DIRTYPE),
        header("././@LongLink", len(long) + 1, tarfile.GNUTYPE_LONGNAME) + padded(long.encode() + b"\0"),
        header(long[:100], 3) + padded(b"abc"),
    ]
    entries += [
        pax(("mtime", "1.5"), ("path", f"built/{name}")) + header("?", len(content)) + padded(content)
        for name, content in FILES.items()
    ]
    (tmp_path / "a.tgz").write_bytes(tgz(b"".join(entries), bytes(10240)))
    found = unpack(tmp_path / "a.tgz", tmp_path / "unpacked", "archive")
    assert found == tmp_path / "unpacked" / "built"
    assert {name: (found / name).read_bytes() for name in FILES} == FILES
    assert (tmp_path / "unpacked" / long).read_bytes() == b"abc"


# Addresses

PULL = """
from pathlib import Path
from embeddable_host.config.settings import Settings
from embeddable_host.releases import fetch, pull
from embeddable_host.releases.error import ReleaseError
from world.small_release import Steps
fetch.RETRY_DELAYS_SECONDS = ()
fetch.FILE_SECONDS = 1.5
pull.KNOWN = pull.REQUIRED = ("app.js",)
settings = Settings(data_dir=Path(sys.argv[2]))
"""
PULLING = """
try:
    pull.pull(settings, None, sys.argv[1], Steps())
except ReleaseError as error:
    print(error)
"""
TOO_LATE = "app.js was not complete within 2 seconds"
ENDINGS = {
    **dict.fromkeys(hostile.ENDLESS, TOO_LATE),
    **dict.fromkeys(hostile.BROKEN, "broke off its response"),
    **dict.fromkeys(hostile.BOMBS, "has more than 67108864 bytes"),
    "a body without an end": "has more than 67108864 bytes",
    "a length of 2^60": "has more than 67108864 bytes",
}


def redirect(location: bytes) -> Behaviour:
    return once(b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n")


NESTED = with_length(b"x", b"Content-Encoding: " + b"br, " * 10_000 + b"br")
BEHAVIOURS = {
    **{name: (behaviour, ENDINGS[name]) for name, behaviour in {**hostile.ENDLESS, **hostile.BROKEN}.items()},
    **{f"a bomb in {name}": (behaviour, ENDINGS[name]) for name, behaviour in hostile.BOMBS.items()},
    "ten thousand encodings": (once(NESTED), "cannot be decoded (br, br, br"),
    "an unknown encoding": (
        once(with_length(b"x", b"Content-Encoding: x\x1b[2J")),
        "cannot be decoded (x?[2j: not known",
    ),
    "very many members": (
        once(with_length(gzip.compress(b"") * 50_000, b"Content-Encoding: gzip")),
        "more than 100 members",
    ),
    "an encoding that is cut off": (
        once(with_length(gzip.compress(b"x" * 999)[:-9], b"Content-Encoding: gzip")),
        "cannot be decoded (gzip: cut off)",
    ),
    "a reason that steers a terminal": (
        once(b"HTTP/1.1 418 \x1b]0;x\x07\xc2\x9b2J\r\nContent-Length: 0\r\n\r\n"),
        "returned 418",
    ),
    "a redirect that steers a terminal": (
        redirect(b"//x.example.com/%1b\xc2\x9b2J" + b"y" * 5000),
        "redirects to another host",
    ),
    "a redirect to what is too long": (
        redirect(b"/" + b"y" * 90_000),
        "redirects to something that is not an address",
    ),
    "many large cookies": (
        once(with_length(b"", *[b"Set-Cookie: a=b; expires=" + b" " * 9000 + b"x"] * 10)),
        "fetched/adapter.js: No such file",
    ),
}


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_a_server_that_does_not_behave_ends_the_pull(tmp_path: Path, name: str) -> None:
    behaviour, message = BEHAVIOURS[name]
    with hostile.serving({"*": behaviour}) as address:
        done = measured(PULL, PULLING, address, tmp_path)
    assert message in done.output
    assert done.output.strip().isprintable()
    assert len(done.output) < 1000
    assert done.memory < MEMORY
    assert done.seconds < 30


def test_all_downloads_together_have_a_deadline(
    refused: Callable[..., str], network: Cdn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embeddable_host.releases.fetch.DOWNLOAD_SECONDS", 0.3)
    gate = cdn.Gate()
    network.faults["/latest/app.js"] = gate
    message = refused()
    gate.opened.set()
    assert "was not complete within 600 seconds, or all files within 0" in message


def test_downloads_at_once_share_the_limit(
    refused: Callable[..., str], published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embeddable_host.releases.fetch.MAX_RELEASE_BYTES", 100_000)
    a_release(
        published, **{name: bytes(30_000) for name in ("popup.html", "proxy.html", "index.html", "redirect.html")}
    )
    assert "has more than 100000 bytes" in refused()


def test_an_attempt_that_failed_does_not_count(
    refused: Callable[..., str], network: Cdn, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is exceeded only where the file is counted once for each attempt."""

    def cut_off(handler: cdn.Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "90000")
        handler.end_headers()
        handler.wfile.write(bytes(60_000))
        handler.close_connection = True

    monkeypatch.setattr("embeddable_host.releases.fetch.MAX_RELEASE_BYTES", 100_000)
    network.faults["/latest/popup.html"] = cut_off
    assert "popup.html broke off its response" in refused()


MANY_CHUNKS = b"x=({" + b",".join(b'%d:"a%d"' % (n, n) for n in range(MAX_FILES + 1)) + b'}[e]||e)+".js"'


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("app.css", b"".join(b"a{b:url(%d.svg)}" % number for number in range(MAX_FILES + 1)), "more than 10000 files"),
        (
            "app.js",
            MANY_CHUNKS,
            "names more than 10000 files",
        ),
        ("app.css", b"a{b:url(" + b"x" * 300 + b")}", "which is longer than 255 characters"),
        ("app.css", b"a{b:url(" + b"x/" * 100 + b"x)}", "or in more than 16 folders"),
        ("app.css", b"a{b:url(x\x1b[2J\xc2\x9b.svg)}", "refers to x?[2J?.svg, which leads outside"),
        ("app.html", b'<img src="&#' + b"1" * 5000 + b'">', "app.html cannot be read (Exceeds"),
        ("popup.html", b"<!doctype html>".ljust(MIB + 1), "popup.html has more than 1048576 characters"),
    ],
)
def test_what_a_file_refers_to_has_limits(
    refused: Callable[..., str], published: Path, name: str, content: bytes, message: str
) -> None:
    (published / name).write_bytes(content)
    found = refused()
    assert message in found
    assert found.isprintable()
    assert len(found) < 700


# Text


def css(text: str) -> object:
    return sum(1 for _ in references("app.css", text, {}))


def script(text: str) -> object:
    return sum(1 for _ in references("app.js", text, {"1": "a"}))


def page(text: str) -> object:
    return sum(1 for _ in references("app.html", text, {}))


def tag(text: str) -> object:
    return APP_SCRIPT_TAG.search(text.encode())


def version(text: str) -> object:
    return version_of(text.encode())


# A function that reads text from outside, what the text begins with, and what it repeats.
SLOW = [
    (css, "url(", " "),
    (css, "", "url( "),
    (css, "", "url(x"),
    (script, "", '.p+"a/'),
    (script, '.p+"a/', ".a"),
    (script, '"assets/', "."),
    (script, "", "n.e(1)"),
    (script, "n.e(1), ", "w"),
    (chunk_names, "({", 'a:"b",'),
    (chunk_names, "", '({a:"b"}[e'),
    (chunk_names, "({", "a"),
    (page, "", "<"),
    (page, "", "<a "),
    (page, "<a ", 'b="'),
    (page, "<a ", "b=c "),
    (page, "", "<!--"),
    (page, "", "<script>"),
    (page, "", "<![x"),
    (page, "", "&"),
    (page, "<a b='", "&#1"),
    (page, "<", "/"),
    (tag, "", "<script "),
    (tag, "<script ", "src="),
    (version, "", "appUrl:a,"),
    (version, "appUrl:", "a"),
    (version, 'APP_VERSION:"', "1"),
]


@pytest.mark.parametrize(("read", "begin", "repeated"), SLOW)
def test_text_from_outside_is_read_in_linear_time(read: Callable[[str], object], begin: str, repeated: str) -> None:
    def use(text: str) -> None:
        with contextlib.suppress(ReleaseError):
            read(text)

    assert ratio(use, lambda count: begin + repeated * count) < MAX_RATIO
    assert ratio(use, lambda count: begin + repeated * count + "\0") < MAX_RATIO
