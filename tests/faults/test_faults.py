"""The table of faults: HTTP statuses, and the faults that a page gets."""

import json
import re
from pathlib import Path

from embeddable_host.faults.faults import FAULTS, RELAY_STATUSES, STATUSES
from world.host import assets, configured, content


def test_a_status_means_one_fault() -> None:
    assert len(STATUSES) == sum(len(fault.statuses) for fault in FAULTS.values())
    assert len(RELAY_STATUSES) == sum(len(fault.relay_statuses) for fault in FAULTS.values())


def test_a_login_of_the_network_is_found_everywhere() -> None:
    """RFC 6585 §6."""
    assert (STATUSES[511], RELAY_STATUSES[511]) == ("login-wall", "relay-refused")


def test_a_fault_explains_only_faults_that_exist() -> None:
    assert {name for fault in FAULTS.values() for name in fault.explains} <= FAULTS.keys()


def test_the_sign_in_test_uses_the_same_statuses(tmp_path: Path) -> None:
    page = content(assets(configured(tmp_path))["/test.html"]).decode()
    [faults] = re.findall(r'"faults": ?(\{.*?\}\})', page)
    for name, fault in json.loads(faults).items():
        assert fault["statuses"] == list(FAULTS[name].statuses)
        assert fault["relayStatuses"] == list(FAULTS[name].relay_statuses)
