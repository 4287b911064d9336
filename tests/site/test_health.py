"""What operators and `check` request: health, and what a host reports about itself."""

import json
from pathlib import Path

from embeddable_host import __version__
from world.host import add_release, assets, configured, content

PROFILE = '[profiles.sandbox.params]\nclientId = "x"\n'


def test_every_profile_has_a_host_json_with_version_release_and_relay(tmp_path: Path) -> None:
    release = add_release(configured(tmp_path, PROFILE))
    for path in ("/host.json", "/sandbox/host.json"):
        asset = assets(tmp_path)[path]
        assert json.loads(content(asset)) == {"version": __version__, "release": release.id, "relay": True}
        assert asset.media_type.startswith("application/json")
        assert dict(asset.headers)["Cache-Control"] == "no-store"


def test_without_a_release_the_widget_is_the_cdns_and_there_is_no_relay(tmp_path: Path) -> None:
    values = json.loads(content(assets(configured(tmp_path))["/host.json"]))
    assert (values["release"], values["relay"]) == ("cdn", False)


def test_a_relay_that_is_switched_off_is_reported(tmp_path: Path) -> None:
    add_release(configured(tmp_path, "[relay]\nenabled = false\n"))
    assert json.loads(content(assets(tmp_path)["/host.json"]))["relay"] is False
