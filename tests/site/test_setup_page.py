"""The setup page: what to register, the code that comes out of what is chosen, and the widget as the code shows it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect
from world import hosts
from world.hosts import CLIENT_ID, SANDBOX_CLIENT_ID
from world.internet import CDN, CROSS_SITE, HOST, LOADER, OWN, PREFIXED, Internet
from world.user import ADAPTER_FRAME, IFRAME, Phone
from world.weather import DEADLINE, INCOGNITO, Browsers, OpenBrowser

from server.config.parameters import GROUPS, PARAMETERS, SWITCHES, Kind

pytestmark = pytest.mark.usefixtures("hosted", "loader")

BASE = f"https://{HOST}/"
SECRETS = [name for name, parameter in PARAMETERS.items() if parameter.secret]


@dataclass(frozen=True)
class SetupPage:
    page: Page

    def show_all(self) -> "SetupPage":
        """Opens every group of parameters."""
        self.page.locator("#parameters details").first.wait_for(state="attached")
        self.page.evaluate(
            "() => document.querySelectorAll('#parameters details').forEach((one) => { one.open = true; })"
        )
        return self

    def choose(self, name: str, value: str) -> None:
        """Writes a text, or picks an option; "" leaves a host's default out."""
        control = self.page.locator(f"#parameter-{name}")
        if control.evaluate("control => control.matches('select')"):
            control.select_option(label=value or "left out")
        elif value:
            control.fill(value)
        else:
            self.page.get_by_label(f"without {name}", exact=True).check()

    def code(self, way: str) -> str:
        return self.page.locator(f"#{way}-code").text_content() or ""

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.code("adapter").split('"')[1]).query, keep_blank_values=True))

    @property
    def fragment(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.page.url).fragment, keep_blank_values=True))

    def row(self, name: str) -> str:
        return self.page.locator(".parameter", has=self.page.locator(f"#parameter-{name}")).inner_text()

    def start_preview(self, way: str = "floating phone") -> FrameLocator:
        """The page with the widget in it."""
        self.page.get_by_role("radio", name=way).check()
        self.page.get_by_role("button", name="Start the preview").click()
        return self.page.frame_locator("#preview-stage iframe")


def opened(context: BrowserContext, address: str = BASE) -> SetupPage:
    page = context.new_page()
    page.set_viewport_size({"width": 1280, "height": 1200})
    page.goto(address)
    return SetupPage(page).show_all()


@pytest.fixture(scope="module")
def context(browsers: Browsers) -> Iterator[BrowserContext]:
    """A user's browser, which keeps what it has loaded."""
    context = browsers.incognito(permissions=["clipboard-read", "clipboard-write"])
    context.set_default_timeout(DEADLINE)
    yield context
    context.close()


@pytest.fixture
def setup(context: BrowserContext, internet: Internet) -> Iterator[SetupPage]:
    setup = opened(context)
    setup.page.evaluate("() => localStorage.clear()")
    yield setup
    setup.page.close()


# What to register


def test_it_shows_the_redirect_uri_of_the_host_and_of_each_profile(setup: SetupPage) -> None:
    expect(setup.page.locator("#redirect-uri")).to_have_text(f"{BASE}redirect.html")

    setup.page.get_by_role("link", name="sandbox").click()

    expect(setup.page.locator("#redirect-uri")).to_have_text(f"{BASE}sandbox/redirect.html")
    assert setup.code("adapter") == f'<script src="{BASE}sandbox/adapter.js"></script>'
    expect(setup.page.locator("#sign-in")).to_contain_text("Users sign in to the sandbox")
    setup.page.get_by_role("link", name="default").click()
    expect(setup.page).to_have_url(BASE)


def test_each_copy_button_copies_what_stands_beside_it(setup: SetupPage) -> None:
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
    setup = opened(open_browser(INCOGNITO))
    setup.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('forbidden')); }")

    setup.page.get_by_role("button", name="Copy the redirect URI").click()

    expect(setup.page.locator("#announcement")).to_contain_text("Ctrl+C")
    assert setup.page.evaluate("() => String(getSelection())").strip() == f"{BASE}redirect.html"


def test_where_the_browser_forbids_copying_what_stands_nowhere_is_shown(setup: SetupPage) -> None:
    setup.page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('forbidden')); }")

    setup.page.get_by_role("button", name="Copy a link").click()

    expect(setup.page.locator("#announcement")).to_contain_text("Ctrl+C")
    assert setup.page.evaluate("() => String(getSelection())").strip() == f"{BASE}#"


def test_a_redirect_uri_that_a_link_has_chosen_is_not_taken_for_the_hosts(context: BrowserContext) -> None:
    setup = opened(context, f"{BASE}#redirectUri=https://evil.example/redirect.html")
    expect(setup.page.locator("#redirect-warning")).to_contain_text("This is not the redirect page of this host")

    setup.page.get_by_role("button", name="Clear my choices").click()

    expect(setup.page.locator("#redirect-warning")).to_be_hidden()
    expect(setup.page.locator("#redirect-uri")).to_have_text(f"{BASE}redirect.html")
    setup.page.close()


def test_the_checklist_remembers_what_is_done_for_each_profile(setup: SetupPage) -> None:
    setup.page.get_by_label("RingOut", exact=True).check()
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
    assert setup.page.get_by_label("RingOut", exact=True).is_visible()
    for hidden in ("#parameters", "#adapter-code", "#preview-start", "#works", "button:visible"):
        assert not setup.page.locator(hidden).first.is_visible(), hidden


# The form


def test_the_form_has_every_parameter_with_what_it_does_and_since_when(setup: SetupPage) -> None:
    assert setup.page.locator("#parameters summary").all_inner_texts() == list(GROUPS)
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


def test_only_what_is_chosen_can_be_shown_and_all_of_it_taken_back(setup: SetupPage) -> None:
    setup.choose("zIndex", "5")
    setup.choose("disableCall", "on")

    setup.page.get_by_label("only what I chose").check()
    assert setup.page.locator(".parameter:visible label code").all_inner_texts() == ["disableCall", "zIndex"]

    setup.page.get_by_role("button", name="Clear my choices").click()
    assert setup.page.locator(".parameter:visible").count() == 0
    assert setup.code("adapter") == f'<script src="{BASE}adapter.js"></script>'


def test_what_cannot_be_is_told_kept_in_its_field_and_not_in_the_code(setup: SetupPage) -> None:
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


# The code


@dataclass(frozen=True)
class Chosen:
    """What is chosen in the form, and what the widget must be given then; None: not at all."""

    choices: dict[str, str]
    given: dict[str, str | None] = field(default_factory=dict)


# These the adapter keeps for itself (`widget.md`, Parameters).
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


def told(page: Page, codes: list[str], frames: list[str], internet: Internet) -> list[dict[str, str]]:
    """The parameters that the widget has in a page with each code; all of them stand in one."""
    pages = [internet.page(CROSS_SITE, f"<!doctype html><body>{code}") for code in codes]
    page.goto(internet.page(CROSS_SITE, "".join(f'<iframe src="{address}"></iframe>' for address in pages)))
    phones = [Phone(page.locator("iframe").nth(number).content_frame, frame) for number, frame in enumerate(frames)]
    for phone in phones:
        phone.wait_for("phone.words.signIn")
    own = ("_t", "fromAdapter")
    return [
        {name: value for name, value in phone.ask("phone.parameters").items() if name not in own} for phone in phones
    ]


def given(chosen: Chosen) -> dict[str, str]:
    return {name: value for name, value in {**DEFAULTS, **chosen.given}.items() if value is not None}


def test_the_code_of_the_frame_gives_the_widget_what_the_form_says(setup: SetupPage, internet: Internet) -> None:
    found = codes(setup, "iframe")

    parameters = told(setup.page, list(found.values()), [IFRAME] * len(found), internet)

    assert dict(zip(found, parameters, strict=True)) == {name: given(chosen) for name, chosen in CHOSEN.items()}


def test_the_code_of_the_floating_phone_gives_the_widget_what_the_form_says(
    setup: SetupPage, internet: Internet
) -> None:
    found = codes(setup, "adapter")
    frames = [f'[id="{chosen.choices.get("prefix", "rc-widget")}-adapter-frame"]' for chosen in CHOSEN.values()]

    parameters = told(setup.page, list(found.values()), frames, internet)

    assert dict(zip(found, parameters, strict=True)) == {
        name: {parameter: value for parameter, value in given(chosen).items() if parameter not in ADAPTERS_OWN}
        for name, chosen in CHOSEN.items()
    }


def test_the_adapter_is_given_what_it_keeps_for_itself(setup: SetupPage, internet: Internet) -> None:
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


SENTENCES = (
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


def test_a_sentence_says_what_the_choices_mean_for_signing_in(setup: SetupPage) -> None:
    for choices, sentence in SENTENCES:
        setup.page.get_by_role("button", name="Clear my choices").click()
        for name, value in choices.items():
            setup.choose(name, value)
        expect(setup.page.locator("#sign-in")).to_contain_text(sentence)


def test_of_two_names_of_one_parameter_the_one_that_was_chosen_last_holds(setup: SetupPage) -> None:
    setup.choose("clientId", "new")
    setup.choose("appKey", "old")
    assert setup.query == {"appKey": "old"}

    setup.choose("clientId", "newer")
    assert setup.query == {"clientId": "newer"}


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
    theirs = opened(open_browser(INCOGNITO), link)

    assert theirs.code("adapter") == setup.code("adapter")
    assert theirs.code("iframe") == setup.code("iframe")
    for name in choices:
        ours = setup.page.locator(f"#parameter-{name}").input_value()
        assert theirs.page.locator(f"#parameter-{name}").input_value() == ours


WRITTEN_BY_HAND = {
    "disableCall=false": {"disableCall": "1"},  # to the widget any text is on
    "enablePopup=true": {"enablePopup": "1"},
    "disableGlip=1": {"disableGlip": "false"},
    "disableGlip=": {"disableGlip": "true"},
    "defaultCallWith=pigeon": {},
    "unknown=1&zIndex=3": {"zIndex": "3"},
    "zIndex=<script>alert(1)</script>": {},
    "register": {},
}


def test_an_address_of_a_place_in_the_page_shows_the_hosts_addresses(context: BrowserContext) -> None:
    setup = opened(context, f"{BASE}#works")

    expect(setup.page.locator("#redirect-uri")).to_have_text(f"{BASE}redirect.html")
    assert setup.code("adapter") == f'<script src="{BASE}adapter.js"></script>'
    setup.page.close()


def test_whatever_an_address_says_the_form_makes_the_best_of(open_browser: OpenBrowser) -> None:
    context = open_browser(INCOGNITO)
    assert {fragment: opened(context, f"{BASE}#{fragment}").query for fragment in WRITTEN_BY_HAND} == WRITTEN_BY_HAND


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


def test_a_credential_in_an_address_is_taken_out_of_it_and_used_for_nothing(open_browser: OpenBrowser) -> None:
    setup = opened(open_browser(INCOGNITO), f"{BASE}#clientSecret=s3cret&zIndex=3")

    setup.page.wait_for_function("() => !location.hash.includes('s3cret')")

    assert setup.query == setup.fragment == {"zIndex": "3"}
    expect(setup.page.locator("#parameter-clientSecret")).to_have_value("")


# The preview


@pytest.mark.parametrize(("way", "frame"), [("floating phone", ADAPTER_FRAME), ("frame", IFRAME)])
def test_the_preview_shows_the_widget_and_starts_anew_with_what_is_chosen(
    setup: SetupPage, way: str, frame: str
) -> None:
    app = setup.start_preview(way).frame_locator(frame)
    expect(app.locator("#signIn")).to_be_visible()

    setup.choose("jwt", "s3cret")
    setup.choose("disableCall", "on")

    expect(app.locator("#signIn")).to_be_visible()
    setup.page.wait_for_function("() => document.querySelector('#preview-stage iframe').src.includes('disableCall=1')")
    expect(app.locator("#signIn")).to_be_visible()
    assert app.locator("body").evaluate("() => phone.parameters.disableCall") == "1"
    assert "jwt" not in app.locator("body").evaluate("() => phone.parameters")
    assert app.locator("body").evaluate("() => document.featurePolicy.allowsFeature('microphone')") is True
    setup.page.get_by_role("button", name="Stop the preview").click()
    expect(setup.page.locator("#preview-stage iframe")).to_have_count(0)


@pytest.mark.parametrize(("way", "frame"), [("floating phone", ADAPTER_FRAME), ("frame", IFRAME)])
def test_users_sign_in_in_the_preview_and_its_events_are_shown_as_they_come(
    setup: SetupPage, internet: Internet, way: str, frame: str
) -> None:
    app = setup.start_preview(way).frame_locator(frame)

    app.locator("#signIn").click()

    event = setup.page.locator("#preview-events li")
    expect(event).to_contain_text("rc-login-status-notify")
    event.locator("summary").click()
    assert json.loads(event.locator("pre").inner_text()) == {"type": "rc-login-status-notify", "loggedIn": True}
    assert [token.granted for token in internet.platform.tokens] == [True]
    setup.page.get_by_role("button", name="Clear the events").click()
    expect(event).to_have_count(0)


def test_events_of_others_are_not_shown(setup: SetupPage) -> None:
    preview = setup.start_preview()
    expect(preview.frame_locator(ADAPTER_FRAME).locator("#signIn")).to_be_visible()

    setup.page.evaluate("() => window.postMessage({ event: { type: 'rc-forged' } }, '*')")
    preview.locator("body").evaluate("() => window.postMessage({ type: 'rc-forged' }, '*')")
    preview.frame_locator(ADAPTER_FRAME).locator("body").evaluate("() => parent.postMessage({ type: 'rc-real' }, '*')")

    expect(setup.page.locator("#preview-events summary code")).to_have_text(["rc-real"])


def test_the_previews_page_does_nothing_on_its_own(open_browser: OpenBrowser) -> None:
    page = open_browser(INCOGNITO).new_page()

    page.goto(f"{BASE}preview.html#adapter?appServer=https://evil.example.com", wait_until="load")

    assert page.locator("iframe, script[src]").count() == 0


# Other hosts


def test_a_host_without_a_release_says_what_that_costs_and_names_the_cdn_for_the_microphone(
    open_browser: OpenBrowser,
) -> None:
    setup = opened(open_browser(INCOGNITO), f"https://{LOADER}/")

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
# What the table says of a host now: usual browsers, third-party storage denied, a sign-in page severs the window.
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
    setup = opened(open_browser(INCOGNITO), address)

    assert true_now(setup.page) == TRUE_NOW[hosting]
    expect(setup.page.locator("#unhosted, #unrelayed").filter(visible=True)).to_have_count(1 if hosting == "cdn" else 0)


def test_of_a_host_whose_relay_is_off_the_table_says_what_that_costs_and_how_to_get_one(
    internet: Internet, tmp_path: Path, open_browser: OpenBrowser
) -> None:
    with hosts.own(internet, tmp_path / "own", "relay.enabled = false\n"):
        setup = opened(open_browser(INCOGNITO), f"https://{OWN}/")

        assert true_now(setup.page) == TRUE_NOW["unrelayed"]
        expect(setup.page.locator("#unrelayed")).to_contain_text("the setting relay.enabled is off")
        expect(setup.page.locator("#unhosted")).to_be_hidden()


def test_it_works_below_a_path(open_browser: OpenBrowser) -> None:
    base = f"https://{PREFIXED}/phone/"
    setup = opened(open_browser(INCOGNITO), f"{base}sandbox/")

    assert setup.code("adapter") == f'<script src="{base}sandbox/adapter.js"></script>'
    app = setup.start_preview().frame_locator("#rc-sandbox-adapter-frame")
    expect(app.locator("#signIn")).to_be_visible()
    assert app.locator("body").evaluate("() => phone.parameters.clientId") == SANDBOX_CLIENT_ID


@pytest.mark.parametrize("address", [BASE, f"{BASE}check.html", f"https://{LOADER}/", f"https://{LOADER}/check.html"])
def test_the_pages_ask_nobody_but_the_host_and_nothing_is_refused(open_browser: OpenBrowser, address: str) -> None:
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
    assert page.get_by_label("VoIP Calling").is_visible()
    assert page.locator("button:visible, #parameters:visible, #preview:visible").count() == 0
    assert page.locator("#adapter-code:visible, #iframe-code:visible").count() == 2
    page.goto(f"{public}check.html")
    assert page.locator("noscript p").is_visible()
    context.close()


def test_a_published_credential_is_not_shown(public: str, open_browser: OpenBrowser) -> None:
    setup = opened(open_browser(INCOGNITO), public)

    assert "This host: set, and not shown." in setup.row("clientSecret")
    expect(setup.page.locator("#sign-in")).to_contain_text("with a client secret")
    assert "s3cret" not in setup.page.content()


def test_a_page_can_leave_out_any_default_of_the_host(public: str, open_browser: OpenBrowser) -> None:
    setup = opened(open_browser(INCOGNITO), public)

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
        setup = opened(open_browser(INCOGNITO), f"https://{OWN}/")
        expect(setup.page.locator("#elsewhere")).to_contain_text(BASE)
        expect(setup.page.locator("#redirect-uri")).to_have_text(f"{BASE}redirect.html")
        setup.page.goto(f"https://{OWN}/check.html")
        expect(setup.page.locator("#verdict")).to_contain_text(f"public address is {BASE}: rehearse there.")
        expect(setup.page.locator("#start")).to_be_disabled()
