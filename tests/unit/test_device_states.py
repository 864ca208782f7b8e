"""The numbers and names that scripts for small devices rely on."""

from __future__ import annotations

from rtckit.device import states, webrtc


def test_numbers_are_those_of_the_device_api() -> None:
    assert {
        "STATE_NONE": webrtc.STATE_NONE,
        "STATE_CONNECTING": webrtc.STATE_CONNECTING,
        "STATE_CONNECTED": webrtc.STATE_CONNECTED,
        "STATE_DATA_CHANNEL_CONNECTED": webrtc.STATE_DATA_CHANNEL_CONNECTED,
        "STATE_DATA_CHANNEL_OPENED": webrtc.STATE_DATA_CHANNEL_OPENED,
        "STATE_DISCONNECTED": webrtc.STATE_DISCONNECTED,
    } == {
        "STATE_NONE": 0,
        "STATE_CONNECTING": 3,
        "STATE_CONNECTED": 4,
        "STATE_DATA_CHANNEL_CONNECTED": 5,
        "STATE_DATA_CHANNEL_OPENED": 6,
        "STATE_DISCONNECTED": 7,
    }


def test_further_states_have_numbers_of_their_own_from_eight_up() -> None:
    numbers = {name: getattr(webrtc, name) for name in dir(webrtc) if name.startswith("STATE_")}
    assert len(set(numbers.values())) == len(numbers) == len(states.__all__)
    further = sorted(number for number in numbers.values() if number > 7)
    assert further == list(range(8, 8 + len(further)))


def test_names_of_the_esp32_peer_exist() -> None:
    for name in ("CLOSED", "NEW_CONNECTION", "PAIRING", "PAIRED", "CONNECT_FAILED"):
        assert hasattr(webrtc, f"STATE_{name}")
    for name in ("CLOSED", "DISCONNECTED"):
        assert hasattr(webrtc, f"STATE_DATA_CHANNEL_{name}")
