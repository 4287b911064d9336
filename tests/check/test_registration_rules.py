"""Reading an answer of the authorize address: RingCentral's yes and no, and what others send in its place."""

import json
from urllib.parse import urlencode

import httpx2
import pytest

from embeddable_host.check.registration_rules import Asked, Reply, judge

SERVER = "https://platform.ringcentral.com"
REDIRECT_URI = "https://ringcentral.example.com/ringcentral/redirect.html"  # named like what is looked for
ASKED = Asked(SERVER, "one-client", REDIRECT_URI)
STATE = "state-of-this-browser"
ADDRESS = f"{SERVER}/restapi/oauth/authorize?" + urlencode(
    {"client_id": "one-client", "redirect_uri": REDIRECT_URI, "state": STATE}
)
LOGIN_PAGE = "<!doctype html><title>RingCentral</title><form><input type=password></form>"


def read(status: int, text: str = "", location: str | None = None, asked: Asked = ASKED) -> tuple[str, str]:
    headers = httpx2.Headers({} if location is None else {"Location": location})
    verdict = judge(asked, Reply(httpx2.URL(ADDRESS), status, headers, text), unsaid=[STATE])
    return verdict.result, verdict.response


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(LOGIN_PAGE, id="a form"),
        pytest.param(
            "<title>Sign in</title><script src='https://assets.ringcentral.com/app.js'></script>", id="an app"
        ),
        pytest.param(LOGIN_PAGE + '<script>const texts = {"OAU-109": "…"}</script>', id="codes in a script"),
        pytest.param(LOGIN_PAGE + "<!-- OAU-153 -->", id="a code in a comment"),
    ],
)
def test_ringcentrals_login_page_is_a_yes(page: str) -> None:
    assert read(200, page) == ("known", "200 OK, RingCentral's login page")


@pytest.mark.parametrize(
    "page",
    [
        pytest.param("<title>Log in to the guest network</title>", id="a portal"),
        pytest.param(f"<title>Log in</title><a href='{ADDRESS}'>go on</a>", id="one that links to what was asked"),
        pytest.param(
            f"<title>Log in</title><form action='/?to={urlencode({'to': ADDRESS})}'>", id="one that carries it along"
        ),
        pytest.param("<title>RingCentral</title>We are back in an hour.", id="maintenance"),
        pytest.param("", id="nothing"),
        pytest.param('{"status": "ok"}', id="JSON"),
    ],
)
def test_another_page_is_none(page: str) -> None:
    assert read(200, page)[0] == "registration-unclear"


@pytest.mark.parametrize(
    "location",
    [
        "https://login.ringcentral.com/login?state=x",
        "https://login.devtest.ringcentral.com/login/main.asp",
        "https://service.ringcentral.com/mobile/sso.html",
        "/login",
    ],
)
def test_a_redirect_to_ringcentrals_login_is_a_yes(location: str) -> None:
    assert read(302, location=location)[0] == "known"


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("https://login.example.net/login", id="another's login"),
        pytest.param("https://login.ringcentral.com.example.net/", id="a name that begins like it"),
        pytest.param("https://login-ringcentral.com/", id="a name that looks like it"),
        pytest.param("http://login.ringcentral.com/", id="without TLS"),
        pytest.param("https://status.ringcentral.com/", id="no login"),
        pytest.param(ADDRESS, id="round in a circle"),
        pytest.param(REDIRECT_URI, id="back, with nothing"),
        pytest.param("https://[", id="no address"),
        pytest.param("", id="nowhere"),
        pytest.param(None, id="no Location"),
    ],
)
def test_another_redirect_is_none(location: str | None) -> None:
    assert read(302, location=location)[0] == "registration-unclear"


def test_the_login_of_a_brands_own_domain_is_that_of_its_server() -> None:
    brand = Asked("https://platform.ringcentral.biz", "one-client", REDIRECT_URI)
    assert read(302, location="https://login.ringcentral.biz/login", asked=brand)[0] == "known"
    assert read(302, location="https://login.ringcentral.biz/login")[0] == "registration-unclear"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"error": "invalid_redirect_uri", "errors": [{"errorCode": "OAU-109"}]}, "redirect-uri-unregistered"),
        (
            {"error": "invalid_client", "errors": [{"errorCode": "OAU-153", "message": "Invalid client: x"}]},
            "client-unknown",
        ),
        ({"errorCode": "OAU-113", "message": "other words"}, "app-of-another-kind"),
        ({"error": "invalid_request", "error_description": "Redirect URIs do not match"}, "registration-refused"),
        ({"error": "temporarily_unavailable"}, "registration-unclear"),
        ({"error": {"code": 1}, "errors": [1]}, "registration-unclear"),
        ({"errors": {}}, "registration-unclear"),
        ([], "registration-unclear"),
        ("[" * 100_000, "registration-unclear"),
    ],
)
def test_an_error_in_json_is_known_by_its_code_alone(error: object, expected: str) -> None:
    assert read(400, error if isinstance(error, str) else json.dumps(error))[0] == expected


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (f"{REDIRECT_URI}?error=unauthorized_client&error_description=No", "registration-refused"),
        (f"{REDIRECT_URI}?error=invalid_request&error_description=OAU-113", "app-of-another-kind"),
        (f"{REDIRECT_URI}?error=server_error", "registration-unclear"),
        (f"{REDIRECT_URI}#error=access_denied", "registration-refused"),
        ("https://login.ringcentral.com/error?errorCode=OAU-153", "client-unknown"),
        ("https://login.example.net/?error=OAU-153", "registration-unclear"),
    ],
)
def test_an_error_in_a_redirect_is_heeded_where_ringcentral_leads_to(location: str, expected: str) -> None:
    assert read(302, location=location)[0] == expected


def test_a_page_without_a_code_is_no_word_of_ringcentral() -> None:
    blocked = read(403, "<title>Blocked</title><p>Category: telephony &amp; chat</p>")
    assert blocked == ("registration-unclear", "403 Forbidden, Blocked Category: telephony & chat")


def test_a_code_far_down_in_a_page_is_shown_with_the_words_before_it() -> None:
    fault, came = read(403, f"<p>{'Menu ' * 500}</p><p>Redirect URIs do not match</p><p>OAU-109</p>")
    assert fault == "redirect-uri-unregistered"
    assert came.endswith("Menu Redirect URIs do not match OAU-109")


def test_what_binds_a_sign_in_to_its_browser_is_not_repeated() -> None:
    for status, text, location in (
        (200, f"<p>You wanted {ADDRESS}", None),
        (400, json.dumps({"error": "invalid_request", "error_description": f"state {STATE}"}), None),
        (302, "", f"{REDIRECT_URI}?error=invalid_request&error_description={STATE}"),
    ):
        assert STATE not in read(status, text, location)[1]
