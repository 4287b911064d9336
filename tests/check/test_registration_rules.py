"""Responses of the authorize address: of RingCentral, for known and refused apps, and of others in its place."""

import json
from urllib.parse import urlencode

import httpx2
import pytest

from embeddable_host.check.registration_rules import App, Response, examine

SERVER = "https://platform.ringcentral.com"
REDIRECT_URI = "https://ringcentral.example.com/ringcentral/redirect.html"  # contains the names that are searched for
APP = App(SERVER, "one-client", REDIRECT_URI)
STATE = "state-of-this-browser"
ADDRESS = f"{SERVER}/restapi/oauth/authorize?" + urlencode(
    {"client_id": "one-client", "redirect_uri": REDIRECT_URI, "state": STATE}
)
LOGIN_PAGE = "<!doctype html><title>RingCentral</title><form><input type=password></form>"


def read(status: int, text: str = "", location: str | None = None, app: App = APP) -> tuple[str, str]:
    headers = httpx2.Headers({} if location is None else {"Location": location})
    result = examine(app, Response(httpx2.URL(ADDRESS), status, headers, text), secret=[STATE])
    return result.name, result.response


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
def test_ringcentrals_login_page_means_a_known_app(page: str) -> None:
    assert read(200, page) == ("known", "200 OK, RingCentral's login page")


@pytest.mark.parametrize(
    "page",
    [
        pytest.param("<title>Log in to the guest network</title>", id="a portal"),
        pytest.param(f"<title>Log in</title><a href='{ADDRESS}'>go on</a>", id="a portal that links to the request"),
        pytest.param(
            f"<title>Log in</title><form action='/?to={urlencode({'to': ADDRESS})}'>",
            id="a portal that forwards the request",
        ),
        pytest.param("<title>RingCentral</title>We are back in an hour.", id="maintenance"),
        pytest.param("", id="nothing"),
        pytest.param('{"status": "ok"}', id="JSON"),
    ],
)
def test_another_page_is_unclear(page: str) -> None:
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
def test_a_redirect_to_ringcentrals_login_means_a_known_app(location: str) -> None:
    assert read(302, location=location)[0] == "known"


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("https://login.example.net/login", id="another's login"),
        pytest.param("https://login.ringcentral.com.example.net/", id="a name that begins like RingCentral's"),
        pytest.param("https://login-ringcentral.com/", id="a similar name"),
        pytest.param("http://login.ringcentral.com/", id="without TLS"),
        pytest.param("https://status.ringcentral.com/", id="no login"),
        pytest.param(ADDRESS, id="back to the request"),
        pytest.param(REDIRECT_URI, id="back without an error"),
        pytest.param("https://[", id="no address"),
        pytest.param("", id="nowhere"),
        pytest.param(None, id="no Location"),
    ],
)
def test_another_redirect_is_unclear(location: str | None) -> None:
    assert read(302, location=location)[0] == "registration-unclear"


def test_a_brand_with_a_domain_of_its_own_has_its_login_there() -> None:
    brand = App("https://platform.ringcentral.biz", "one-client", REDIRECT_URI)
    assert read(302, location="https://login.ringcentral.biz/login", app=brand)[0] == "known"
    assert read(302, location="https://login.ringcentral.biz/login")[0] == "registration-unclear"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"error": "invalid_redirect_uri", "errors": [{"errorCode": "OAU-109"}]}, "redirect-uri-unregistered"),
        (
            {"error": "invalid_client", "errors": [{"errorCode": "OAU-153", "message": "Invalid client: x"}]},
            "client-unknown",
        ),
        ({"errorCode": "OAU-113", "message": "other words"}, "wrong-app-type"),
        ({"error": "invalid_request", "error_description": "Redirect URIs do not match"}, "registration-refused"),
        ({"error": "temporarily_unavailable"}, "registration-unclear"),
        ({"error": {"code": 1}, "errors": [1]}, "registration-unclear"),
        ({"errors": {}}, "registration-unclear"),
        ([], "registration-unclear"),
        ("[" * 100_000, "registration-unclear"),
    ],
)
def test_an_error_in_json_is_identified_only_by_its_code(error: object, expected: str) -> None:
    assert read(400, error if isinstance(error, str) else json.dumps(error))[0] == expected


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (f"{REDIRECT_URI}?error=unauthorized_client&error_description=No", "registration-refused"),
        (f"{REDIRECT_URI}?error=invalid_request&error_description=OAU-113", "wrong-app-type"),
        (f"{REDIRECT_URI}?error=server_error", "registration-unclear"),
        (f"{REDIRECT_URI}#error=access_denied", "registration-refused"),
        ("https://login.ringcentral.com/error?errorCode=OAU-153", "client-unknown"),
        ("https://login.example.net/?error=OAU-153", "registration-unclear"),
    ],
)
def test_an_error_in_a_redirect_counts_only_if_ringcentral_sent_it(location: str, expected: str) -> None:
    assert read(302, location=location)[0] == expected


def test_a_refusal_page_without_a_code_is_unclear() -> None:
    blocked = read(403, "<title>Blocked</title><p>Category: telephony &amp; chat</p>")
    assert blocked == ("registration-unclear", "403 Forbidden, Blocked Category: telephony & chat")


def test_a_code_far_down_in_a_page_is_shown_with_the_words_before_it() -> None:
    fault, response = read(403, f"<p>{'Menu ' * 500}</p><p>Redirect URIs do not match</p><p>OAU-109</p>")
    assert fault == "redirect-uri-unregistered"
    assert response.endswith("Menu Redirect URIs do not match OAU-109")


def test_the_state_of_the_sign_in_is_not_shown() -> None:
    for status, text, location in (
        (200, f"<p>You wanted {ADDRESS}", None),
        (400, json.dumps({"error": "invalid_request", "error_description": f"state {STATE}"}), None),
        (302, "", f"{REDIRECT_URI}?error=invalid_request&error_description={STATE}"),
    ):
        assert STATE not in read(status, text, location)[1]
