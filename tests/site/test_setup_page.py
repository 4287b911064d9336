"""The setup page: what to register, the form with every parameter, and what it shows about its host."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from embeddable_host.config.parameters import GROUPS, PARAMETERS, SWITCHES, Kind
from world import hosts
from world.browser_modes import INCOGNITO, Browsers, OpenBrowser
from world.hosts import CLIENT_ID, SANDBOX_CLIENT_ID
from world.internet import CDN, LOADER, OWN, PREFIXED, Internet
from world.setup_page import BASE, SetupPage, open_setup_page
from world.user import ADAPTER_FRAME, IFRAME

pytestmark = pytest.mark.usefixtures("hosted", "loader")


# What to register


def test_it_shows_the_redirect_uri_of_the_host_and_of_each_profile(setup: SetupPage) -> None:
    expect(setup.page.locator("#redirect-uri")).to_have_text(f"{BASE}redirect.html")

    setup.page.get_by_role("link", name="sandbox").click()

    expect(setup.page.locator("#redirect-uri")).to_have_text(f"{BASE}sandbox/redirect.html")
    assert setup.code("adapter") == f'<script src="{BASE}sandbox/adapter.js"></script>'
    expect(setup.page.locator("#sign-in")).to_contain_text("Users sign in to the sandbox")
    setup.page.get_by_role("link", name="default").click()
    expect(setup.page).to_have_url(BASE)


def test_the_code_beside_the_steps_covers_none_of_them(setup: SetupPage) -> None:
    uncovered = """link => {
        scrollTo(0, document.documentElement.scrollHeight);
        const { left, top } = link.getBoundingClientRect();
        return document.elementFromPoint(left + 2, top + 2) === link;
    }"""
    setup.page.get_by_role("radio", name="frame").check()
    setup.page.set_viewport_size({"width": 1280, "height": 900})

    for profile in ("default", "sandbox"):
        assert setup.page.get_by_role("link", name=profile).evaluate(uncovered)


def test_each_copy_button_copies_the_text_beside_it(setup: SetupPage) -> None:
    setup.choose("zIndex", "7")

    for name, shown in {
        "Copy the redirect URI": "#redirect-uri",
        "Copy the code for the floating phone": "#adapter-code",
        "Copy the code for the frame": "#iframe-code",
    }.items():
        if shown == "#iframe-code":
            setup.page.get_by_role("radio", name="frame").check()
        button = setup.page.get_by_role("button", name=name)
        button.click()
        expect(button).to_have_text("Copied")
        expect(setup.page.locator("#announcement")).to_have_text("Copied")
        assert setup.page.evaluate("() => navigator.clipboard.readText()") == setup.page.locator(shown).text_content()


def test_where_the_browser_forbids_copying_the_text_is_selected(open_browser: OpenBrowser) -> None:
    setup = open_setup_page(open_browser(INCOGNITO))
    setup.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('forbidden')); }")

    setup.page.get_by_role("button", name="Copy the redirect URI").click()

    expect(setup.page.locator("#announcement")).to_contain_text("Ctrl+C")
    assert setup.page.evaluate("() => String(getSelection())").strip() == f"{BASE}redirect.html"


def test_where_the_browser_forbids_copying_a_text_that_is_not_on_the_page_is_shown(setup: SetupPage) -> None:
    setup.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('forbidden')); }")

    setup.page.get_by_role("button", name="Copy a link").click()

    expect(setup.page.locator("#announcement")).to_contain_text("Ctrl+C")
    assert setup.page.evaluate("() => String(getSelection())").strip() == f"{BASE}#"


def test_a_redirect_uri_that_a_link_has_chosen_is_not_taken_for_the_hosts(returning_user: BrowserContext) -> None:
    setup = open_setup_page(returning_user, f"{BASE}#redirectUri=https://evil.example/redirect.html")
    expect(setup.page.locator("#redirect-warning")).to_contain_text("This is not the redirect page of this host")

    setup.page.get_by_role("button", name="Clear my choices").click()

    expect(setup.page.locator("#redirect-warning")).to_be_hidden()
    expect(setup.page.locator("#redirect-uri")).to_have_text(f"{BASE}redirect.html")
    setup.page.close()


def test_the_checklist_remembers_what_is_done_for_each_profile(setup: SetupPage) -> None:
    setup.page.locator("[name=scope-ringout]").check()
    setup.page.get_by_label("paste the address above").check()

    setup.page.reload()

    assert setup.page.locator(".checklist :checked").evaluate_all("boxes => boxes.map(({ name }) => name)") == [
        "redirect",
        "scope-ringout",
    ]
    setup.page.goto(f"{BASE}sandbox/")
    setup.page.locator("#parameters details").first.wait_for(state="attached")
    assert setup.page.locator(".checklist :checked").count() == 0
    setup.page.evaluate("() => localStorage.clear()")


def test_printed_it_is_the_redirect_uri_and_the_checklist(setup: SetupPage) -> None:
    setup.page.emulate_media(media="print")

    assert setup.page.locator("#redirect-uri").is_visible()
    assert setup.page.locator("[name=scope-ringout]").is_visible()
    for hidden in ("#parameters", "#adapter-code", "#preview-start", "#try", "#works", "button:visible"):
        assert not setup.page.locator(hidden).first.is_visible(), hidden


# The form


def test_the_form_has_every_parameter_with_what_it_does_and_since_when(setup: SetupPage) -> None:
    assert setup.page.locator("#parameters summary").all_inner_texts() == list(GROUPS)
    assert list(GROUPS)[-2:] == ["Old names", "Credentials"]
    rows = setup.page.locator(".parameter .about").all_inner_texts()
    assert len(rows) == len(PARAMETERS)
    for row, parameter in zip(rows, PARAMETERS.values(), strict=True):
        assert parameter.name in row
        assert parameter.about[1:] in row
        assert f"Since {parameter.since}." in row
        words = {**dict.fromkeys(SWITCHES, "On or off"), Kind.URL: "URL", Kind.HTTPS: "URL"}
        assert f"{words.get(parameter.kind, parameter.kind.value.capitalize())}." in row
        assert (f"Unless set: {parameter.unset}." in row) is bool(parameter.unset)
        assert ("A credential" in row) is parameter.secret


def test_it_shows_the_hosts_defaults_and_marks_what_a_page_overrides(setup: SetupPage) -> None:
    assert f"This host: {CLIENT_ID}." in setup.row("clientId")
    assert "This host: on." in setup.row("enableSMSTemplate")
    assert "host: on" in setup.row("enableSMSTemplate")
    assert "your page" not in setup.row("enableSMSTemplate")

    setup.choose("enableSMSTemplate", "off")

    assert "your page" in setup.row("enableSMSTemplate")
    assert "1 by your page" in setup.page.locator("#parameters summary").all_inner_texts()[3]
    assert setup.query == {"enableSMSTemplate": ""}


def test_a_parameter_of_a_later_release_than_the_host_serves_is_marked(setup: SetupPage) -> None:
    assert "This host serves 2.3.1, which does not read it." in setup.row("enableVoicemailDrop")
    assert "does not read" not in setup.row("enableTypingTimeTracking")


def test_a_search_shows_the_parameters_that_have_its_words(setup: SetupPage) -> None:
    setup.page.get_by_label("Search").fill("POPUP window")

    visible = setup.page.locator(".parameter:visible label code").all_inner_texts()
    assert visible == ["disableLoginPopup", "multipleTabsSupport", "enablePopup", "popupPageUri"]
    expect(setup.page.locator("#found")).to_have_text(f"4 of {len(PARAMETERS)} parameters")
    setup.page.get_by_label("Search").fill("nothing like it")
    expect(setup.page.locator("#found")).to_have_text("No parameter matches.")
    setup.page.get_by_label("Search").fill("")
    expect(setup.page.locator("#found")).to_have_text(f"{len(PARAMETERS)} of {len(PARAMETERS)} parameters")


def test_the_choices_can_be_shown_without_the_rest_and_be_cleared(setup: SetupPage) -> None:
    setup.choose("zIndex", "5")
    setup.choose("disableCall", "on")

    setup.page.get_by_label("only what I chose").check()
    assert setup.page.locator(".parameter:visible label code").all_inner_texts() == ["disableCall", "zIndex"]

    setup.page.get_by_role("button", name="Clear my choices").click()
    assert setup.page.locator(".parameter:visible").count() == 0
    assert setup.code("adapter") == f'<script src="{BASE}adapter.js"></script>'


def test_a_wrong_value_gets_an_error_stays_in_its_field_and_is_not_in_the_code(setup: SetupPage) -> None:
    for name, written, remedy in (
        ("appServer", "http://platform.ringcentral.com", "Write an https:// address"),
        ("stylesUri", "style.css", "Write a full address"),
        ("stylesUri", "javascript:alert(1)", "Write a full address"),
    ):
        setup.choose(name, written)
        assert remedy in setup.row(name)
        expect(setup.page.locator(f"#parameter-{name}")).to_have_value(written)
        expect(setup.page.locator(f"#parameter-{name}")).to_have_attribute("aria-invalid", "true")
        assert name not in setup.query
        setup.choose(name, "https://right.example.com/")
        assert setup.query[name] == "https://right.example.com/"
        assert remedy not in setup.row(name)


# Other hosts


def test_a_host_without_a_release_says_so_and_names_the_cdn_for_the_microphone(
    open_browser: OpenBrowser,
) -> None:
    setup = open_setup_page(open_browser(INCOGNITO), f"https://{LOADER}/")

    expect(setup.page.locator("#hosting")).to_contain_text(f"The widget comes from https://{CDN[0]}")
    expect(setup.page.locator("#unhosted")).to_contain_text("embeddable-host pull")
    assert f'"autoplay; microphone https://{CDN[0]}; speaker-selection https://{CDN[0]}"' in setup.code("iframe")
    for way, frame in (("floating phone", ADAPTER_FRAME), ("frame", IFRAME)):
        app = setup.start_preview(way).frame_locator(frame)
        expect(app.locator("#signIn")).to_be_visible()
        assert app.locator("body").evaluate("() => location.host") == CDN[0]
        setup.page.get_by_role("button", name="Stop the preview").click()


def test_a_host_with_a_release_says_which(setup: SetupPage) -> None:
    expect(setup.page.locator("#hosting")).to_contain_text(
        "Profile default. The widget comes from this host, release 2.3.1-"
    )
    expect(setup.page.locator("#unhosted, #unrelayed").filter(visible=True)).to_have_count(0)


SIGNS_IN = "signs in"
# The rows marked in the table: usual browsers, third-party storage denied, a sign-in page severs the window.
TRUE_NOW = {
    "cdn": {"on any site": [SIGNS_IN, "does not start", "never signs in"]},
    "relayed": {"on any site": [SIGNS_IN, SIGNS_IN, SIGNS_IN]},
    "unrelayed": {
        "on this host’s site": [SIGNS_IN, SIGNS_IN, "signs in, but never in Safari"],
        "on another site": [SIGNS_IN, SIGNS_IN, "never: browsers keep storage apart by site"],
    },
}


def true_now(page: Page) -> dict[str, list[str]]:
    rows = page.locator("tr[aria-current]").all()
    cells = [row.locator("td").all_inner_texts() for row in rows]
    return {where: outcomes for where, *outcomes in cells}


@pytest.mark.parametrize(("address", "hosting"), [(BASE, "relayed"), (f"https://{LOADER}/", "cdn")])
def test_the_table_says_what_is_true_of_this_host(open_browser: OpenBrowser, address: str, hosting: str) -> None:
    setup = open_setup_page(open_browser(INCOGNITO), address)

    assert true_now(setup.page) == TRUE_NOW[hosting]
    expect(setup.page.locator("#unhosted, #unrelayed").filter(visible=True)).to_have_count(1 if hosting == "cdn" else 0)


def test_without_a_relay_the_table_says_what_cannot_work_and_how_to_get_one(
    internet: Internet, tmp_path: Path, open_browser: OpenBrowser
) -> None:
    with hosts.own(internet, tmp_path / "own", "relay.enabled = false\n"):
        setup = open_setup_page(open_browser(INCOGNITO), f"https://{OWN}/")

        assert true_now(setup.page) == TRUE_NOW["unrelayed"]
        expect(setup.page.locator("#unrelayed")).to_contain_text("the setting relay.enabled is off")
        expect(setup.page.locator("#unhosted")).to_be_hidden()


def test_it_works_below_a_path(open_browser: OpenBrowser) -> None:
    base = f"https://{PREFIXED}/phone/"
    setup = open_setup_page(open_browser(INCOGNITO), f"{base}sandbox/")

    assert setup.code("adapter") == f'<script src="{base}sandbox/adapter.js"></script>'
    app = setup.start_preview().frame_locator("#rc-sandbox-adapter-frame")
    expect(app.locator("#signIn")).to_be_visible()
    assert app.locator("body").evaluate("() => phone.parameters.clientId") == SANDBOX_CLIENT_ID


@pytest.mark.parametrize("address", [BASE, f"{BASE}test.html", f"https://{LOADER}/", f"https://{LOADER}/test.html"])
def test_the_pages_send_requests_only_to_the_host_and_none_is_blocked(open_browser: OpenBrowser, address: str) -> None:
    context = open_browser(INCOGNITO)
    requests: list[str] = []
    faults: list[str] = []
    context.on("request", lambda request: requests.append(request.url))
    context.on("weberror", lambda error: faults.append(str(error.error)))
    context.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)

    page = context.new_page()
    page.goto(address, wait_until="networkidle")

    assert requests[0] == address
    assert [one for one in requests if urlsplit(one).hostname != urlsplit(address).hostname] == []
    assert faults == []


HOSTS_SETTINGS = """
[params]
appKey = "old-client"
appServer = "https://platform.example.com/"
disableCall = true
disableMeeting = false
defaultCallWith = "softphone"
"""


def test_the_common_settings_show_the_hosts_values_and_else_the_defaults(
    internet: Internet, tmp_path: Path, open_browser: OpenBrowser
) -> None:
    with hosts.own(internet, tmp_path / "own", HOSTS_SETTINGS):
        setup = open_setup_page(open_browser(INCOGNITO), f"https://{OWN}/")

        labels = setup.page.locator("#common-settings label").evaluate_all("all => all.map((one) => one.textContent)")
        assert {label: setup.shown(label) for label in labels} == {
            "Client id": "host: old-client",
            "The app is for": "host: https://platform.example.com/",
            "Calls": "host: off",
            "Messages": "default: on",
            "Contacts": "default: on",
            "Meetings": "default: on",
            "Calls are made": "host: with the RingCentral Phone app",
            "The phone floats": "default: on the right",
        }


PUBLIC = f"""
public_url = "https://{OWN}/"
allow_public_secrets = true

[params]
clientId = "own-client"
clientSecret = "s3cret"
stylesUri = "https://own.example.com/own.css"
"""


@pytest.fixture
def public(internet: Internet, tmp_path: Path) -> Iterator[str]:
    """A host that knows its public address."""
    with hosts.own(internet, tmp_path / "own", PUBLIC):
        yield f"https://{OWN}/"


def test_without_javascript_the_redirect_uri_and_the_code_can_be_read(public: str, browsers: Browsers) -> None:
    context = browsers.incognito(java_script_enabled=False)
    page = context.new_page()
    page.goto(public)

    assert page.locator("#redirect-uri").inner_text() == f"{public}redirect.html"
    assert page.locator("#adapter-code").inner_text() == f'<script src="{public}adapter.js"></script>'
    assert f'src="{public}app.html"' in page.locator("#iframe-code").inner_text()
    assert "VoIP Calling (for browser calls); " in page.locator("#register fieldset").inner_text()
    assert page.get_by_text("This needs JavaScript.").is_visible()
    assert page.locator("button:visible, #parameters:visible, #preview:visible").count() == 0
    assert page.locator("#adapter-code:visible, #iframe-code:visible").count() == 2
    page.goto(f"{public}test.html")
    assert page.locator("noscript p").is_visible()
    context.close()


def test_a_published_credential_is_not_shown(public: str, open_browser: OpenBrowser) -> None:
    setup = open_setup_page(open_browser(INCOGNITO), public)

    assert "This host: set, and not shown." in setup.row("clientSecret")
    expect(setup.page.locator("#sign-in")).to_contain_text("with a client secret")
    assert "s3cret" not in setup.page.content()


def test_a_page_can_leave_out_any_default_of_the_host(public: str, open_browser: OpenBrowser) -> None:
    setup = open_setup_page(open_browser(INCOGNITO), public)

    expect(setup.page.locator("#sign-in")).to_contain_text("with a client secret")
    setup.choose("stylesUri", "")
    setup.choose("clientSecret", "")

    assert setup.query == {"stylesUri": "", "clientSecret": ""}
    expect(setup.page.locator("#sign-in")).to_contain_text("with PKCE")
    expect(setup.page.locator("#secret-warning")).to_be_hidden()


def test_at_another_address_than_the_public_one_it_says_so(
    internet: Internet, tmp_path: Path, open_browser: OpenBrowser
) -> None:
    with hosts.own(internet, tmp_path / "own", f'public_url = "{BASE}"\n'):
        setup = open_setup_page(open_browser(INCOGNITO), f"https://{OWN}/")
        expect(setup.page.locator("#elsewhere")).to_contain_text(BASE)
        expect(setup.page.locator("#redirect-uri")).to_have_text(f"{BASE}redirect.html")
        setup.page.goto(f"https://{OWN}/test.html")
        expect(setup.page.locator("#verdict")).to_contain_text(f"public address is {BASE}: run the test there.")
        expect(setup.page.locator("#start")).to_be_disabled()
