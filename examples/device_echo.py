"""A device that echoes what a browser sends it.

    python examples/device_echo.py          # then open the address that it prints

The browser asks for the device's offer with ``{"type": "get_offer"}`` and posts its answer and
candidates; ``/`` and ``/trust-cert`` are pages. With ``RTCKIT_DEVICE_HTTPS=1`` in the environment
the server speaks HTTPS with a certificate of its own, to be accepted in the browser once; with
``RTCKIT_DEVICE_HOST=0.0.0.0`` other machines can reach it.
"""

from __future__ import annotations

import threading

from rtckit.device import httpserver, webrtc

PAGE = """<!doctype html>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Echo</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css">
<main>
  <header><h1>Echo</h1><p class="state" id="state">connecting …</p></header>
  <ol id="log"></ol>
  <form><button>Send a message</button></form>
</main>
<script type="module">
  import { WebRTCDevice } from "/webrtc-device.js";

  const log = (text) => {
    const line = document.createElement("li");
    line.textContent = text;
    document.getElementById("log").append(line);
  };
  const state = document.getElementById("state");
  const device = new WebRTCDevice(location.origin, { ask: "get_offer", label: "echo" });
  device.onMessage = (data) => log(new TextDecoder().decode(data));
  device.onDisconnected = () => (state.textContent = "not connected");
  document.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    device.send(`Hello at ${new Date().toLocaleTimeString()}`);
  });
  try {
    await device.connect();
    state.textContent = "connected";
    state.dataset.state = "connected";
  } catch (error) {
    state.textContent = error.message;
  }
</script>
"""

peer = webrtc.Peer(role="controlling")
offer = ""
candidates: list[str] = []
handed_out = threading.Event()


def on_offer(sdp: str) -> None:
    global offer
    offer = sdp
    candidates.clear()
    handed_out.clear()


def on_data(data: bytes) -> None:
    print("Received:", data.decode(errors="replace"))
    peer.send(b"echo: " + data)


def on_state(state: int) -> None:
    if state == webrtc.STATE_DATA_CHANNEL_OPENED:
        print("A browser is connected.")
        peer.send(b"Hello! Send me a message.")
    elif state == webrtc.STATE_DISCONNECTED:
        print("The browser is gone; waiting for the next.")


def signal(request: httpserver.Request, response: httpserver.Response) -> None:
    message = request.json()
    if not isinstance(message, dict):
        response.send_json({"error": "not a message"}, 400)
        return
    kind = message.get("type")
    if kind == "get_offer":
        if handed_out.is_set():
            # One offer serves one browser; another, or one that was reloaded, gets its own.
            peer.create_offer()
        handed_out.set()
        response.send_json({"type": "offer", "sdp": offer, "candidates": candidates})
    elif kind == "answer":
        peer.set_remote_sdp(message["sdp"], type="answer")
        for candidate in message.get("candidates", []):
            peer.add_ice_candidate(candidate)
        response.send_json({"status": "ok"})
    elif kind == "ice":
        peer.add_ice_candidate(message["candidate"])
        response.send_json({"status": "ok"})
    else:
        response.send_json({"error": f"unknown message type {kind!r}"}, 400)


peer.on_offer(on_offer)
peer.on_ice(candidates.append)
peer.on_data(on_data)
peer.on_state(on_state)
peer.create_offer()

httpserver.register("/webrtc-signal", signal)
httpserver.register("/", lambda request, response: response.send_html(PAGE))
print(f"Open {httpserver.url()} in a browser. Ctrl-C ends.")
