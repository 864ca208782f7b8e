/** The device's own page: connects at once, shows what comes, sends what is typed. */

import { WebRTCDevice } from "/webrtc-device.js";

const element = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const device = new WebRTCDevice(location.origin, { ask: query.get("ask") ?? "offer" });

element("address").textContent = location.host;
device.onMessage = (data) => {
  log("device", typeof data === "string" ? data : new TextDecoder().decode(data));
};
device.onDisconnected = (error) => {
  show(error ? "failed" : "idle", error ? "connection lost" : "not connected");
  if (error) log("error", error.message);
};

async function connect() {
  show("connecting", "connecting …");
  const began = performance.now();
  try {
    await device.connect();
  } catch (error) {
    show("failed", "not connected");
    log("error", error.message);
    return;
  }
  element("duration").textContent = `${Math.round(performance.now() - began)} ms`;
  show("connected", "connected");
  element("text").focus();
}

function show(state, text) {
  element("state").dataset.state = state;
  element("state").textContent = text;
  element("send").disabled = state !== "connected";
  const button = element("connect");
  button.disabled = state === "connecting";
  button.textContent = state === "connected" ? "Disconnect" : "Connect";
}

function log(from, text) {
  const line = document.createElement("li");
  line.dataset.from = from;
  for (const part of [from, text]) {
    const span = document.createElement("span");
    span.textContent = part;
    line.append(span);
  }
  const list = element("log");
  list.append(line);
  while (list.children.length > 500) list.firstChild.remove();
  list.scrollTop = list.scrollHeight;
}

/** Show the candidate pair in use and its round-trip time. */
async function measure() {
  const report = device.pc ? await device.pc.getStats() : new Map();
  let pair = null;
  for (const entry of report.values()) {
    if (entry.type === "candidate-pair" && entry.nominated && entry.state === "succeeded") {
      pair = entry;
    }
  }
  const local = pair && report.get(pair.localCandidateId);
  const remote = pair && report.get(pair.remoteCandidateId);
  element("path").textContent = local && remote
    ? `${local.candidateType} → ${remote.candidateType}, ${local.protocol}`
    : "–";
  const seconds = pair?.currentRoundTripTime;
  element("rtt").textContent = seconds === undefined ? "–" : `${(seconds * 1000).toFixed(1)} ms`;
}

element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = element("text").value;
  if (!text || !device.connected) return;
  try {
    device.send(text);
  } catch (error) {
    log("error", error.message);
    return;
  }
  log("you", text);
  element("text").value = "";
});
element("connect").addEventListener("click", () => {
  if (device.connected) device.close();
  else connect();
});
window.addEventListener("pagehide", () => device.close());
setInterval(measure, 1000);
connect();
