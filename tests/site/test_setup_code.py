"""The code that the setup page makes from the choices, and the address that carries the choices."""

from dataclasses import dataclass, field

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from world.browser_modes import INCOGNITO, OpenBrowser
from world.hosts import CLIENT_ID
from world.internet import CROSS_SITE, Internet
from world.setup_page import BASE, SECRETS, SetupPage, open_setup_page
from world.user import IFRAME, Phone

pytestmark = pytest.mark.usefixtures("hosted", "loader")


@dataclass(frozen=True)
class Chosen:
    """Choices in the form, and the parameters that the widget must get; None: none."""

    choices: dict[str, str]
    parameters: dict[str, str | None] = field(default_factory=dict)


# Parameters that the adapter does not pass on (`docs/widget.md`, Parameters).
ADAPTERS_OWN = {
    "notification",
    "newAdapterUI",
    "disableMinimize",
    "zIndex",
    "enablePopup",
    "popupPageUri",
    "defaultDirection",
}
DEFAULTS = {"clientId": CLIENT_ID, "enableSMSTemplate": "1", "redirectUri": f"{BASE}redirect.html"}
CHOSEN = {
    "nothing": Chosen({}),
    "a client id": Chosen({"clientId": "page-client"}, {"clientId": "page-client"}),
    "the old name of a client id": Chosen({"appKey": "old-client"}, {"appKey": "old-client", "clientId": None}),
    "the sandbox": Chosen(
        {"appServer": "https://platform.devtest.ringcentral.com"},
        {"appServer": "https://platform.devtest.ringcentral.com"},
    ),
    "a default switched off": Chosen({"enableSMSTemplate": "off"}, {"enableSMSTemplate": None}),
    "a default switched on again": Chosen({"enableSMSTemplate": "on"}, {"enableSMSTemplate": "1"}),
    "presence on": Chosen({"disableCall": "on"}, {"disableCall": "1"}),
    "presence off": Chosen({"disableCall": "off"}, {"disableCall": None}),
    "tri-state on": Chosen({"disableGlip": "on"}, {"disableGlip": "true"}),
    "tri-state off": Chosen({"disableGlip": "off"}, {"disableGlip": "false"}),
    "truthy on": Chosen({"multipleTabsSupport": "on"}, {"multipleTabsSupport": "1"}),
    "truthy off": Chosen({"multipleTabsSupport": "off"}, {"multipleTabsSupport": None}),
    "a choice": Chosen({"defaultCallWith": "ringout"}, {"defaultCallWith": "ringout"}),
    "a number": Chosen({"errorReportSampleRate": "0.5"}, {"errorReportSampleRate": "0.5"}),
    "text with all that means something": Chosen(
        {"userAgent": """A&B "C" <D>/1.0 + 'E' = 100% ;#?"""}, {"userAgent": """A&B "C" <D>/1.0 + 'E' = 100% ;#?"""}
    ),
    "text of all alphabets": Chosen({"appVersion": "版本 é 😀"}, {"appVersion": "版本 é 😀"}),
    "an address with a query": Chosen(
        {"stylesUri": "https://a.example/b.css?c=d&e=f#g"}, {"stylesUri": "https://a.example/b.css?c=d&e=f#g"}
    ),
    "a redirect URI of one's own": Chosen(
        {"redirectUri": "https://crm.example.com/back"}, {"redirectUri": "https://crm.example.com/back"}
    ),
    "names like character references": Chosen(
        {"notification": "on", "prefix": "&copy=1&lt;", "defaultDirection": "left"},
        {"notification": "1", "prefix": "&copy=1&lt;", "defaultDirection": "left"},
    ),
    "the popup window": Chosen(
        {"enablePopup": "on", "multipleTabsSupport": "on", "zIndex": "12"},
        {"enablePopup": "1", "multipleTabsSupport": "1", "zIndex": "12", "popupPageUri": f"{BASE}popup.html"},
    ),
    "many at once": Chosen(
        {"disableMessages": "on", "disableConferenceInvite": "off", "enableSharedMessages": "on", "mainTab": "true"},
        {"disableMessages": "1", "disableConferenceInvite": "false", "enableSharedMessages": "1", "mainTab": "true"},
    ),
}


def codes(setup: SetupPage, way: str) -> dict[str, str]:
    """The code for each choice, by its name."""
    found = {}
    for name, chosen in CHOSEN.items():
        setup.page.get_by_role("button", name="Clear my choices").click()
        for parameter, value in chosen.choices.items():
            setup.choose(parameter, value)
        found[name] = setup.code(way)
    return found


def parameters_in(page: Page, codes: list[str], frames: list[str], internet: Internet) -> list[dict[str, str]]:
    """The parameters of the widget in a page with each code; all of these are frames of one page."""
    pages = [internet.page(CROSS_SITE, f"<!doctype html><body>{code}") for code in codes]
    page.goto(internet.page(CROSS_SITE, "".join(f'<iframe src="{address}"></iframe>' for address in pages)))
    phones = [Phone(page.locator("iframe").nth(number).content_frame, frame) for number, frame in enumerate(frames)]
    for phone in phones:
        phone.wait_for("phone.texts.signIn")
    own = ("_t", "fromAdapter")
    return [
        {name: value for name, value in phone.evaluate("phone.parameters").items() if name not in own}
        for phone in phones
    ]


def expected(chosen: Chosen) -> dict[str, str]:
    return {name: value for name, value in {**DEFAULTS, **chosen.parameters}.items() if value is not None}


def test_with_the_code_of_the_frame_the_widget_gets_the_choices(setup: SetupPage, internet: Internet) -> None:
    found = codes(setup, "iframe")

    parameters = parameters_in(setup.page, list(found.values()), [IFRAME] * len(found), internet)

    assert dict(zip(found, parameters, strict=True)) == {name: expected(chosen) for name, chosen in CHOSEN.items()}


def test_with_the_code_of_the_floating_phone_the_widget_gets_the_choices(setup: SetupPage, internet: Internet) -> None:
    found = codes(setup, "adapter")
    frames = [f'[id="{chosen.choices.get("prefix", "rc-widget")}-adapter-frame"]' for chosen in CHOSEN.values()]

    parameters = parameters_in(setup.page, list(found.values()), frames, internet)

    assert dict(zip(found, parameters, strict=True)) == {
        name: {parameter: value for parameter, value in expected(chosen).items() if parameter not in ADAPTERS_OWN}
        for name, chosen in CHOSEN.items()
    }


def test_the_adapter_gets_its_own_parameters(setup: SetupPage, internet: Internet) -> None:
    for name, value in {"zIndex": "12", "defaultDirection": "left", "enablePopup": "on"}.items():
        setup.choose(name, value)

    setup.page.goto(internet.page(CROSS_SITE, f"<!doctype html><body>{setup.code('adapter')}"))

    root = setup.page.locator("#rc-widget.Adapter_left")
    expect(root).to_have_css("z-index", "12")
    expect(root.locator(".Adapter_popup")).to_be_attached()


def test_a_client_id_of_the_host_can_be_left_out(setup: SetupPage) -> None:
    setup.choose("clientId", "")

    assert setup.query == {"clientId": ""}
    expect(setup.page.locator("#parameter-clientId")).to_be_disabled()
    expect(setup.page.locator("#sign-in")).to_contain_text("does not start without a client id")


DESCRIPTIONS = (
    ({}, "Users sign in to production by authorization code with PKCE, which needs no secret, and again after 7 days"),
    ({"clientSecret": "s"}, "to production by authorization code with a client secret"),
    ({"appSecret": "s"}, "to production by authorization code with a client secret"),
    ({"appServer": "https://platform.devtest.ringcentral.com/"}, "Users sign in to the sandbox by"),
    ({"appServer": "https://platform.example.com"}, "Users sign in to https://platform.example.com by"),
    ({"authProxy": "on"}, "Users sign in to production through your own proxy."),
    ({"jwt": "j"}, "Every user is signed in to production as the one whose JWT this is."),
    (
        {"disableLoginPopup": "on"},
        "its origin belongs in redirect.origins in the settings. The relay helps only windows",
    ),
)


def test_the_page_describes_how_users_sign_in_with_these_choices(setup: SetupPage) -> None:
    for choices, description in DESCRIPTIONS:
        setup.page.get_by_role("button", name="Clear my choices").click()
        for name, value in choices.items():
            setup.choose(name, value)
        expect(setup.page.locator("#sign-in")).to_contain_text(description)


def test_of_two_names_of_one_parameter_the_last_choice_counts(setup: SetupPage) -> None:
    setup.choose("clientId", "new")
    setup.choose("appKey", "old")
    assert setup.query == {"appKey": "old"}

    setup.choose("clientId", "newer")
    assert setup.query == {"clientId": "newer"}


# The common settings

# A label, what is picked or written there, and the query in the code.
COMMON = (
    ("Client id", "page-client", {"clientId": "page-client"}),
    ("The app is for", "the sandbox", {"appServer": "https://platform.devtest.ringcentral.com"}),
    ("The app is for", "production", {"appServer": "https://platform.ringcentral.com"}),
    ("Calls", "off", {"disableCall": "1"}),
    ("Calls", "on", {"disableCall": ""}),
    ("Messages", "off", {"disableMessages": "1"}),
    ("Contacts", "off", {"disableContacts": "1"}),
    ("Meetings", "off", {"disableMeeting": "1"}),
    ("Calls are made", "by RingOut: your own telephone rings first", {"defaultCallWith": "ringout"}),
    ("Calls are made", "with the RingCentral app", {"defaultCallWith": "jupiter"}),
    ("The phone floats", "on the left", {"defaultDirection": "left"}),
)


def test_the_common_settings_and_the_groups_are_two_views_of_the_same_choices(setup: SetupPage) -> None:
    for label, value, query in COMMON:
        control = setup.common_setting(label)
        before = setup.shown(label)
        if label == "Client id":
            control.fill(value)
        else:
            control.select_option(label=value)
        assert setup.query == query
        [name] = query
        there = setup.page.locator(f"#parameter-{name}").input_value()

        setup.page.get_by_role("button", name="Clear my choices").click()
        assert setup.query == {}
        assert setup.shown(label) == before

        rows = {"1": "on", "": "off"}
        setup.choose(name, rows.get(query[name], query[name]))
        assert setup.query == query
        assert setup.shown(label) == value
        assert setup.page.locator(f"#parameter-{name}").input_value() == there
        setup.page.get_by_role("button", name="Clear my choices").click()


def test_a_choice_without_words_in_the_common_settings_is_shown_as_it_is(setup: SetupPage) -> None:
    assert setup.shown("The app is for") == "default: production"
    for written, shown in {
        "https://platform.example.com": "https://platform.example.com",
        "https://platform.devtest.ringcentral.com/": "the sandbox",
        "http://platform.example.com": "default: production",  # not in the code
    }.items():
        setup.choose("appServer", written)
        assert setup.shown("The app is for") == shown

    setup.choose("appKey", "old-client")
    assert setup.shown("Client id") == "old-client"
    setup.common_setting("Client id").fill("new-client")
    assert setup.query == {"clientId": "new-client"}
    setup.choose("clientId", "")
    assert setup.shown("Client id") == "left out"


# The address


def test_the_address_carries_the_choices_to_a_colleague(setup: SetupPage, open_browser: OpenBrowser) -> None:
    choices = {"clientId": "page-client", "enableSMSTemplate": "off", "disableGlip": "on", "userAgent": "A & B/1.0"}
    for name, value in choices.items():
        setup.choose(name, value)
    query = setup.query
    setup.page.wait_for_function("() => location.hash.includes('userAgent=A')")
    assert setup.fragment == query

    setup.page.get_by_role("button", name="Copy a link").click()
    expect(setup.page.locator("#announcement")).to_have_text("Copied")
    link = setup.page.evaluate("() => navigator.clipboard.readText()")
    theirs = open_setup_page(open_browser(INCOGNITO), link)

    assert theirs.code("adapter") == setup.code("adapter")
    assert theirs.code("iframe") == setup.code("iframe")
    for name in choices:
        ours = setup.page.locator(f"#parameter-{name}").input_value()
        assert theirs.page.locator(f"#parameter-{name}").input_value() == ours


WRITTEN_BY_HAND = {
    "disableCall=false": {"disableCall": "1"},  # for the widget any text is on
    "enablePopup=true": {"enablePopup": "1"},
    "disableGlip=1": {"disableGlip": "false"},
    "disableGlip=": {"disableGlip": "true"},
    "defaultCallWith=pigeon": {},
    "unknown=1&zIndex=3": {"zIndex": "3"},
    "zIndex=<script>alert(1)</script>": {},
    "register": {},
}


def test_an_address_of_a_place_on_the_page_shows_the_hosts_addresses(returning_user: BrowserContext) -> None:
    setup = open_setup_page(returning_user, f"{BASE}#works")

    expect(setup.page.locator("#redirect-uri")).to_have_text(f"{BASE}redirect.html")
    assert setup.code("adapter") == f'<script src="{BASE}adapter.js"></script>'
    setup.page.close()


def test_the_form_reads_what_it_can_from_any_address(open_browser: OpenBrowser) -> None:
    context = open_browser(INCOGNITO)
    assert {
        fragment: open_setup_page(context, f"{BASE}#{fragment}").query for fragment in WRITTEN_BY_HAND
    } == WRITTEN_BY_HAND


def test_an_address_changed_by_hand_changes_the_form(setup: SetupPage) -> None:
    setup.choose("zIndex", "3")

    setup.page.evaluate("() => { location.hash = '#disableCall=1'; }")

    expect(setup.page.locator("#parameter-zIndex")).to_have_value("")
    assert setup.query == {"disableCall": "1"}


def test_a_credential_is_in_the_code_with_a_warning_and_never_in_the_address(setup: SetupPage) -> None:
    for name in SECRETS:
        setup.choose(name, "s3cret")
        assert setup.query[name] == "s3cret"
        expect(setup.page.locator("#secret-warning")).to_contain_text(name)
    setup.choose("zIndex", "3")
    setup.page.wait_for_function("() => location.hash.includes('zIndex')")

    assert setup.fragment == {"zIndex": "3"}
    assert "s3cret" not in setup.page.evaluate("() => JSON.stringify(localStorage) + JSON.stringify(history.state)")


def test_a_credential_in_an_address_is_removed_and_not_used(open_browser: OpenBrowser) -> None:
    setup = open_setup_page(open_browser(INCOGNITO), f"{BASE}#clientSecret=s3cret&zIndex=3")

    setup.page.wait_for_function("() => !location.hash.includes('s3cret')")

    assert setup.query == setup.fragment == {"zIndex": "3"}
    expect(setup.page.locator("#parameter-clientSecret")).to_have_value("")
