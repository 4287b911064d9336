"""Parameters: how each value is encoded for the widget, and how profiles override them."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner

from embeddable_host.cli.main import main
from embeddable_host.config.parameters import PARAMETERS, SWITCHES, encode
from embeddable_host.config.settings import Settings
from embeddable_host.config.warnings import warnings
from world.settings import ORIGIN, WRITTEN, assert_contains, embedders, params

# How the widget reads switches (`docs/widget.md`, Parameters). Every other one is truthy.
PRESENCE = {
    "disableCall",
    "disableMessages",
    "disableReadText",
    "disableMeeting",
    "disableContacts",
    "disableCallHistory",
}
TRI_STATE = {"disableGlip", "disableConferenceInvite"}

TRUE_AND_FALSE = {"presence": ("1", None), "tri-state": ("true", "false"), "truthy": ("1", None)}
SWITCH_NAMES = [name for name, parameter in PARAMETERS.items() if parameter.kind in SWITCHES]


def kind_in_the_widget(name: str) -> str:
    return "presence" if name in PRESENCE else "tri-state" if name in TRI_STATE else "truthy"


def test_the_table_has_every_switch_that_is_not_truthy() -> None:
    assert set(SWITCH_NAMES) >= PRESENCE | TRI_STATE


@pytest.mark.parametrize("name", SWITCH_NAMES)
def test_a_switch_is_encoded_as_the_widget_reads_it(loaded: Callable[..., Settings], name: str) -> None:
    for written, expected in zip(("true", "false"), TRUE_AND_FALSE[kind_in_the_widget(name)], strict=True):
        listed = f"{embedders(ORIGIN)}\npage_sign_in = true\n"  # as disableLoginPopup needs it
        settings = loaded(listed + params(f"{name} = {written}"))
        assert encode(settings.parameters(None)).get(name) == expected


@pytest.mark.parametrize("name", ["disableCall", "disableGlip", "enablePopup"])
@pytest.mark.parametrize("inherited", [True, False])
def test_a_profile_overrides_an_inherited_switch(loaded: Callable[..., Settings], name: str, inherited: bool) -> None:
    default, own = (str(value).lower() for value in (inherited, not inherited))
    settings = loaded(f"[params]\n{name} = {default}\n[profiles.a.params]\n{name} = {own}\n[profiles.b.params]")
    for_true, for_false = TRUE_AND_FALSE[kind_in_the_widget(name)]
    assert encode(settings.parameters(None)).get(name) == (for_true if inherited else for_false)
    assert encode(settings.parameters("a")).get(name) == (for_false if inherited else for_true)
    assert encode(settings.parameters("b")).get(name) == (for_true if inherited else for_false)


VALUES: dict[str, tuple[str, str | None]] = {
    "integer": ("zIndex = 1000", "1000"),
    "fraction": ("errorReportSampleRate = 0.25", "0.25"),
    "text": ('userAgent = "Team/1.0"', "Team/1.0"),
    'text "false"': ('prefix = "false"', "false"),
    "zero": ("zIndex = 0", "0"),
    "empty text": ('prefix = ""', None),
    "choice": ('defaultDirection = "left"', "left"),
    "address": ('stylesUri = "https://example.com/a.css"', "https://example.com/a.css"),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_is_encoded_as_text(loaded: Callable[..., Settings], name: str) -> None:
    line, expected = VALUES[name]
    encoded = encode(loaded(params(line)).parameters(None))
    assert list(encoded.values()) == ([] if expected is None else [expected])


ALIASES = [
    ("clientId", "appKey"),
    ("appKey", "clientId"),
    ("clientSecret", "appSecret"),
    ("appSecret", "clientSecret"),
]


@pytest.mark.parametrize(("below", "above"), ALIASES)
def test_a_profile_replaces_a_parameter_under_its_other_name(
    loaded: Callable[..., Settings], below: str, above: str
) -> None:
    head = "allow_public_secrets = true\n"
    settings = loaded(f"{head}[params]\n{below} = 'a'\nprefix = 'p'\n[profiles.b.params]\n{above} = 'b'")
    assert settings.parameters(None) == {below: "a", "prefix": "p"}
    assert settings.parameters("b") == {above: "b", "prefix": "p"}


def test_the_environment_replaces_a_parameter_under_its_other_name(loaded: Callable[..., Settings]) -> None:
    settings = loaded(params("clientId = 'a'"), PARAMS__APPKEY="b")
    assert settings.parameters(None) == {"appKey": "b"}


UNKNOWN_PARAMETERS: dict[str, tuple[str, ...]] = {
    "clientid": ("did you mean clientId?",),
    "enablePopups": ("did you mean enablePopup?",),
    "disableGlips": ("did you mean disableGlip?",),
    "enableSomethingNew": (),
    "xyzzy": (),
}


@pytest.mark.parametrize("name", UNKNOWN_PARAMETERS)
def test_an_unknown_parameter_is_passed_to_the_widget_with_a_warning(
    loaded: Callable[..., Settings], name: str
) -> None:
    settings = loaded(f"[profiles.a.params]\n{name} = 'value'")
    [warning] = warnings(settings)
    assert_contains(warning, (f"profiles.a.params.{name} ", "passed to the widget", *UNKNOWN_PARAMETERS[name]))
    assert encode(settings.parameters("a")) == {name: "value"}


def test_without_a_similar_name_there_is_no_suggestion(loaded: Callable[..., Settings]) -> None:
    assert "did you mean" not in warnings(loaded(params("xyzzy = 'value'")))[0]


def test_a_known_parameter_causes_no_warning(loaded: Callable[..., Settings]) -> None:
    assert warnings(loaded(WRITTEN.replace("[profiles.a.params]", "[profiles.a.params]\nprefix = 'b'"))) == []


def test_warnings_go_to_stderr_and_the_command_continues(configure: Callable[..., None]) -> None:
    configure(params("clientid = 'value'"))
    result = CliRunner().invoke(main, ["releases"])
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "Warning: params.clientid is not a known parameter" in result.stderr
