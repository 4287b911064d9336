"""The scopes that the enabled features require: page and host agree, and the checklist shows exactly those."""

import json
from collections.abc import Mapping
from dataclasses import asdict

import pytest
from playwright.sync_api import expect

from embeddable_host.config.parameters import PARAMETERS, SWITCHES, Value, encode
from embeddable_host.config.scopes import FEATURES, enabled_features, required_scopes
from world.hosts import SETTINGS
from world.setup_page import BASE, SetupPage

pytestmark = pytest.mark.usefixtures("hosted")

PHONE = ("Read Accounts", "WebSocket Subscriptions", "Read Presence", "Edit Presence")  # whatever is chosen
CALLS = ("Call Control", "RingOut", "VoIP Calling")
HISTORY = ("Read Call Log", "Read Call Recording")
MESSAGES = ("Edit Message", "Read Messages")
TEXTS = ("Internal Messages", "SMS")
USUAL = {*PHONE, *CALLS, *HISTORY, *MESSAGES, *TEXTS, "Read Contacts", "Video"}  # without any parameter

Params = Mapping[str, Value]
SETS: list[tuple[Params, set[str]]] = [
    ({}, USUAL),
    ({"disableCall": True}, USUAL - {*CALLS, *HISTORY}),
    ({"disableCall": False}, USUAL),
    ({"disableCallHistory": True}, USUAL - {*HISTORY}),
    ({"disableCall": True, "disableCallHistory": True}, USUAL - {*CALLS, *HISTORY}),
    ({"disableMessages": True}, USUAL - {*MESSAGES, *TEXTS}),
    ({"disableReadText": True}, USUAL - {*TEXTS}),
    ({"disableContacts": True}, USUAL - {"Read Contacts"}),
    ({"disableMeeting": True}, USUAL - {"Video"}),
    ({"disableGlip": False}, USUAL | {"Team Messaging"}),
    ({"disableGlip": True}, USUAL),
    ({"enableSMSTemplate": True}, USUAL | {"Edit Extensions"}),
    ({"enableSMSTemplate": False}, USUAL),
    ({"enableSMSTemplate": True, "disableReadText": True}, USUAL - {*TEXTS}),
    ({"enableSMSTemplate": True, "disableMessages": True}, USUAL - {*MESSAGES, *TEXTS}),
    ({"enableSmartNote": True}, USUAL | {"AI Internal", "Telephony Sessions"}),
    ({"enableSmartNote": True, "disableCall": True}, USUAL - {*CALLS, *HISTORY}),
    ({"enableSharedMessages": True}, USUAL),
    ({"enableLoadMoreCalls": True}, USUAL),
    ({"disableConferenceInvite": False}, USUAL),
    *(({"defaultCallWith": way}, USUAL) for way in ("browser", "jupiter", "softphone", "ringout")),
    ({"disableCall": True, "disableMessages": True}, {*PHONE, "Read Contacts", "Video"}),
    (
        {"disableCall": True, "disableMessages": True, "disableMeeting": True, "disableContacts": True},
        {*PHONE},
    ),
    (
        {"disableGlip": False, "enableSMSTemplate": True, "enableSmartNote": True},
        USUAL | {"Team Messaging", "Edit Extensions", "AI Internal", "Telephony Sessions"},
    ),
    ({"clientId": "mine", "zIndex": 7, "enablePopup": True, "multipleTabsSupport": True}, USUAL),
]

IN_THE_PAGE = """async (sets) => {
    const { enabledFeatures, requiredScopes } = await import('./scopes.mjs');
    const { merge } = await import('./choices.mjs');
    const host = JSON.parse(document.getElementById('values').textContent);
    const parameters = host.groups.flatMap((group) => group.parameters);
    return sets.map((set) => {
        const enabled = enabledFeatures(host.features, parameters, merge({}, set, host.aliases));
        const scopes = requiredScopes(enabled).map((scope) => scope.console);
        return { features: enabled.map(({ name }) => name), scopes };
    });
}"""


def test_each_set_of_parameters_requires_the_scopes_of_its_features_in_the_page_and_in_the_host(
    setup: SetupPage,
) -> None:
    encoded = [encode(params) for params, _ in SETS]
    in_the_page = setup.page.evaluate(IN_THE_PAGE, encoded)

    for (params, expected), parameters, page in zip(SETS, encoded, in_the_page, strict=True):
        features = enabled_features(parameters)
        assert {scope.console for scope in required_scopes(features)} == expected, params
        assert [feature.name for feature in features] == page["features"], params
        assert [scope.console for scope in required_scopes(features)] == page["scopes"], params


def test_a_wider_scope_or_an_older_name_of_it_is_enough(setup: SetupPage) -> None:
    granted = """async ([scopes, token]) => {
        const { isGranted } = await import('./scopes.mjs');
        return scopes.filter((scope) => isGranted(scope, token)).map(({ name }) => name);
    }"""
    scopes = [asdict(scope) for scope in required_scopes(list(FEATURES))]
    for token, all_of_it in (
        ("Contacts", ["ReadContacts"]),
        ("EditAccounts", ["EditExtensions", "ReadAccounts"]),
        ("InternalMessages", ["InternalMessages", "ReadMessages"]),
        ("ReadCallRecording", ["ReadCallLog", "ReadCallRecording"]),
        ("Glip", ["TeamMessaging"]),
        ("Meetings", ["Video"]),
        ("ReadMessagesAndMore", []),
    ):
        assert setup.page.evaluate(granted, [scopes, [token]]) == all_of_it


def test_every_switch_in_the_table_is_a_switch_of_the_widget() -> None:
    assert {name for feature in FEATURES for name in feature.when} <= {
        name for name, parameter in PARAMETERS.items() if parameter.kind in SWITCHES
    }


def shown_scopes(setup: SetupPage) -> dict[str, str]:
    """The scopes that the checklist shows, each with its features."""
    rows = setup.page.locator("#scopes li:visible")
    return dict(row.strip().split(" for ", 1) for row in rows.all_text_contents())


def test_the_checklist_shows_the_scopes_for_the_choices_of_host_and_page(setup: SetupPage) -> None:
    assert "enableSMSTemplate = true" in SETTINGS
    assert shown_scopes(setup).keys() == USUAL | {"Edit Extensions"}
    assert shown_scopes(setup)["Edit Extensions"] == "SMS templates"
    assert shown_scopes(setup)["Read Messages"] == "voicemail and faxes, SMS, messages to colleagues"

    setup.choose("enableSMSTemplate", "off")
    setup.choose("disableReadText", "on")
    setup.choose("disableGlip", "off")

    assert shown_scopes(setup).keys() == (USUAL - {*TEXTS}) | {"Team Messaging"}
    assert shown_scopes(setup)["Read Messages"] == "voicemail and faxes"


def test_a_link_with_choices_shows_their_scopes_at_once(setup: SetupPage) -> None:
    setup.page.goto(f"{BASE}#disableCall=1&disableGlip=false")
    setup.page.reload()

    expect(setup.page.locator("[name=scope-team-messaging]")).to_be_visible()
    expect(setup.page.locator("[name=scope-ringout]")).to_be_hidden()


def test_a_scope_that_is_not_required_for_a_while_keeps_its_tick(setup: SetupPage) -> None:
    setup.page.locator("[name=scope-ringout]").check()

    setup.choose("disableCall", "on")
    setup.page.locator("[name=scope-video]").check()
    setup.page.reload()
    setup.page.evaluate("() => { location.hash = ''; }")

    expect(setup.page.locator("[name=scope-ringout]")).to_be_visible()
    assert setup.page.locator("#scopes :checked").evaluate_all("boxes => boxes.map(({ name }) => name)") == [
        "scope-ringout",
        "scope-video",
    ]
    assert json.loads(setup.page.evaluate("() => localStorage.getItem('embeddable-host:done:/')")) == [
        "scope-ringout",
        "scope-video",
    ]
