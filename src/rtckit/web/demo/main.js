// The page: connects at once, and shows what happens.

import { Bulk } from "./bulk.js";
import { Chat } from "./chat.js";
import { Connection } from "./connection.js";
import { formatBytes, formatMilliseconds, formatRate } from "./format.js";
import { selectedPair } from "./pair.js";
import { Plot } from "./plot.js";
import { Pulse } from "./pulse.js";

const PAIR_INTERVAL = 1000;
const FIGURES_INTERVAL = 500;
const DESCRIPTION_INTERVAL = 5000;
const MEGABYTE = 1_000_000;

const $ = (id) => document.getElementById(id);

const STATUS = {
  new: "Starting …",
  connecting: "Connecting …",
  connected: "Connected",
  disconnected: "Interrupted, waiting …",
  failed: "Connection failed",
  closed: "Not connected",
};
const GOOD = new Set(["stable", "connected", "completed"]);
const BAD = new Set(["failed", "closed", "disconnected"]);

const rttPlot = new Plot($("rtt-plot"), {
  unit: "ms",
  floor: 1,
  series: [{ name: "round trip", color: "--line" }],
});
const throughputPlot = new Plot($("throughput-plot"), {
  unit: "Mbit/s",
  floor: 10,
  series: [
    { name: "Python to browser", color: "--down" },
    { name: "browser to Python", color: "--up", dash: [7, 4] },
  ],
});
const chat = new Chat($("log"));

let connection = null;
let pulse = null;
let bulk = null;

function connect() {
  connection?.close();
  pulse?.stop();
  pulse = bulk = null;
  showProblem("");
  if (typeof RTCPeerConnection === "undefined") {
    showProblem("This browser has no WebRTC, or it is switched off.");
    return;
  }
  const mine = (connection = new Connection($("offerer").value));
  const unlessReplaced = (handler) => (event) => connection === mine && handler(event);
  mine.addEventListener("state", unlessReplaced(showState));
  mine.addEventListener("problem", unlessReplaced(({ detail }) => showProblem(detail)));
  mine.addEventListener("ready", unlessReplaced(start));
  showState();
}

function start() {
  const { channels } = connection;
  $("version").textContent = `RTCKit ${connection.version}`;
  chat.use(channels.get("echo"));
  pulse = new Pulse(channels.get("rtt"), (milliseconds) => rttPlot.add(0, milliseconds));
  bulk = new Bulk(channels.get("bulk"));
  for (const [line, kind] of ["down", "up"].entries()) {
    bulk.addEventListener(kind, ({ detail: { bytesPerSecond, total } }) => {
      const idle = bytesPerSecond === null;
      throughputPlot.add(line, idle ? null : (bytesPerSecond * 8) / 1e6);
      $(`${kind}-now`).textContent = idle ? "–" : formatRate(bytesPerSecond * 8);
      $(`${kind}-total`).textContent = formatBytes(total);
    });
  }
  bulk.addEventListener("change", showControls);
  showState();
  showPair();
}

function showState() {
  const { peer, dtlsState } = connection;
  const states = {
    "signaling-state": peer.signalingState,
    "ice-state": peer.iceConnectionState,
    "dtls-state": peer.connectionState === "closed" ? "closed" : dtlsState,
    "connection-state": peer.connectionState,
  };
  for (const [id, state] of Object.entries(states)) {
    $(id).textContent = state;
    $(id).dataset.tone = GOOD.has(state) ? "good" : BAD.has(state) ? "bad" : "wait";
  }
  // Connected means for people that they can use it: that the channels are open, too.
  const state = peer.connectionState === "connected" && !bulk ? "connecting" : peer.connectionState;
  if (document.body.dataset.state !== state) {
    document.body.dataset.state = state;
    $("status").textContent = STATUS[state];
    if (state === "connected") showProblem("");
  }
  showControls();
}

function showControls() {
  const open = (label) => connection.channels.get(label)?.readyState === "open";
  const ready = bulk !== null && open("bulk");
  $("restart").disabled = bulk === null || connection.peer.connectionState === "closed";
  $("download").disabled = !ready;
  $("upload").disabled = !ready || sendingFile;
  $("blob").disabled = !ready || bulk.uploading;
  for (const [id, running] of [["download", bulk?.downloading], ["upload", bulk?.uploading && !sendingFile]]) {
    $(id).setAttribute("aria-pressed", String(Boolean(running)));
    $(id).textContent = `${running ? "Stop" : "Start"} ${id}`;
  }
  for (const field of $("say").elements) field.disabled = bulk === null || !open("echo");
}

function showProblem(words) {
  $("error").textContent = words;
  $("error").hidden = !words;
}

async function showPair() {
  if (connection.peer.connectionState !== "connected") return;
  const pair = await selectedPair(connection.peer);
  if (!pair) return;
  $("pair-local").textContent = pair.local;
  $("pair-remote").textContent = pair.remote;
  $("pair-rtt").textContent =
    pair.roundTripTime === null ? "not measured" : formatMilliseconds(pair.roundTripTime);
}

function showFigures() {
  const sorted = rttPlot.values(0);
  const latest = sorted.at(-1);
  sorted.sort((one, other) => one - other);
  const percentile = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  const show = (id, value) => {
    $(id).textContent = value === undefined ? "–" : formatMilliseconds(value);
  };
  show("rtt-now", latest);
  show("rtt-p50", percentile(0.5));
  show("rtt-p99", percentile(0.99));
  $("rtt-lost").textContent = String(pulse?.lost ?? 0);
}

/** Say what the plots show, for those who do not see them. */
function describePlots() {
  const text = (id) => $(id).textContent;
  $("rtt-plot").setAttribute(
    "aria-label",
    `Round-trip time of the last 30 seconds: median ${text("rtt-p50")}, 99th percentile ${text("rtt-p99")}`,
  );
  $("throughput-plot").setAttribute(
    "aria-label",
    `Throughput of the last 30 seconds: Python to browser ${text("down-now")}, browser to Python ${text("up-now")}`,
  );
}

let sendingFile = false;

async function sendMegabyte() {
  const pieces = Array.from({ length: 16 }, () => crypto.getRandomValues(new Uint8Array(MEGABYTE / 16)));
  sendingFile = true;
  await upload(async () => {
    const got = await bulk.sendFile(new File(pieces, "noise.bin"));
    const rate = got.seconds > 0 ? ` (${formatRate((got.bytes * 8) / got.seconds)})` : "";
    const verdict = {
      true: "and its SHA-256 is the same there.",
      false: "but it is not what was sent!",
      null: "(this page is not secure, so the browser computes no hash to compare).",
    }[got.matches];
    return `${formatBytes(got.bytes)} arrived in ${formatMilliseconds(got.seconds * 1000)}${rate}, ${verdict}`;
  });
  sendingFile = false;
  showControls();
}

async function upload(work) {
  try {
    $("transfer").textContent = "Sending …";
    $("transfer").textContent = await work();
  } catch (error) {
    $("transfer").textContent = `The transfer did not end well: ${error.message}.`;
  }
}

$("reconnect").addEventListener("click", connect);
$("restart").addEventListener("click", () => connection.restartIce());
$("download").addEventListener("click", () => {
  if (bulk.downloading) bulk.stopDownload();
  else bulk.startDownload();
});
$("upload").addEventListener("click", () => {
  if (bulk.uploading) {
    bulk.stopUpload();
    return;
  }
  upload(async () => {
    const { bytes, seconds } = await bulk.startUpload();
    return `${formatBytes(bytes)} arrived in ${seconds.toFixed(1)} s.`;
  });
});
$("blob").addEventListener("click", sendMegabyte);
$("say").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value;
  if (!text) return;
  chat.say(text);
  $("text").value = "";
});
addEventListener("pagehide", () => connection?.close());
addEventListener("pageshow", ({ persisted }) => persisted && connect());

setInterval(showPair, PAIR_INTERVAL);
setInterval(showFigures, FIGURES_INTERVAL);
setInterval(describePlots, DESCRIPTION_INTERVAL);

// The plots move about a pixel a frame at twenty frames a second; drawing more often would only
// take time from the transfers. Whoever wants little motion gets plots that step once a second.
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const FRAME_INTERVAL = 50;
const CALM_INTERVAL = 1000;
let drawn = 0;
function animate(now) {
  if (now - drawn >= (calm.matches ? CALM_INTERVAL : FRAME_INTERVAL)) {
    drawn = now;
    rttPlot.draw();
    throughputPlot.draw();
  }
  requestAnimationFrame(animate);
}
requestAnimationFrame(animate);

connect();
