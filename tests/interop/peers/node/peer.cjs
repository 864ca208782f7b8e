// node-datachannel as a remote peer: commands on standard input, events on standard output.
// The protocol is described in tests/interop/harness/wire.py. NODE_PATH names the node_modules.
//
// libdatachannel's own API is used and not its W3C polyfill, which would only stand between.
// Its peculiarities: an offer needs a data channel first; setLocalDescription gathers at once;
// it tells no option of a channel but label, protocol and id; it cannot restart ICE.
"use strict";
const crypto = require("node:crypto");
const readline = require("node:readline");
const rtc = require("node-datachannel");
const { message, indexOf } = require("./pattern.cjs");

const HIGH_WATER = 1 << 20;
const connections = new Map();

const emit = (line) => process.stdout.write(JSON.stringify(line) + "\n");

function adopt(pc, name, channel) {
  const held = { channel, echo: false, verification: null, gone: false, drained: null };
  connections.get(pc).channels.set(name, held);
  const tell = (event, more = {}) => emit({ event, pc, channel: name, ...more });
  let opened = false;
  const open = () => {
    if (!opened) tell("open", { id: channel.getId() });
    opened = true;
  };
  channel.onOpen(open);
  channel.onClosed(() => {
    held.gone = true;
    held.drained?.();
    tell("closed");
  });
  channel.onError((text) => tell("log", { text }));
  channel.onBufferedAmountLow(() => held.drained?.());
  channel.onMessage((raw) => {
    const data = typeof raw === "string" ? raw : Buffer.from(raw);
    if (held.echo) {
      if (typeof data === "string") channel.sendMessage(data);
      else channel.sendMessageBinary(data);
    } else if (held.verification) verify(held, data, tell);
    else {
      const octets = Buffer.from(data);
      tell("message", {
        kind: typeof data === "string" ? "text" : "binary",
        size: octets.length,
        sha256: crypto.createHash("sha256").update(octets).digest("hex"),
        text: typeof data === "string" && data.length <= 200 ? data : null,
      });
    }
  });
  if (channel.isOpen()) open();
}

function verify(held, data, tell) {
  const v = held.verification;
  const index = v.anyOrder ? indexOf(data) : v.seen.size;
  const expected = message(v.kind, v.seed, index, v.size);
  const same = typeof data === "string" ? data === expected
    : Buffer.isBuffer(expected) && data.equals(expected);
  if (v.seen.has(index) || index >= v.count) {
    tell("mismatch", { reason: `message ${index} of ${v.count} is one too many` });
  } else if (!same) {
    tell("mismatch", { reason: `message ${index} differs: ${typeof data} of ${data.length}` });
  } else {
    v.seen.add(index);
    v.bytes += data.length;
    if (v.seen.size === v.count) {
      held.verification = null;
      tell("verified", { count: v.count, bytes: v.bytes });
    }
  }
}

// libdatachannel describes by a callback; the description of one type comes once.
function described(pc, type) {
  const { peer } = connections.get(pc);
  return new Promise((resolve) => {
    peer.onLocalDescription((sdp, got) => {
      if (got === type) resolve({ type, sdp });
    });
    peer.setLocalDescription(type);
  });
}

const commands = {
  create({ pc }) {
    const peer = new rtc.PeerConnection(pc, {
      iceServers: [],
      disableAutoNegotiation: true,
      maxMessageSize: 262144,
    });
    connections.set(pc, { peer, channels: new Map(), announced: 0 });
    peer.onStateChange((state) => emit({ event: "connectionState", pc, state }));
    peer.onIceStateChange((state) => emit({ event: "iceConnectionState", pc, state }));
    peer.onSignalingStateChange((state) => emit({ event: "signalingState", pc, state }));
    peer.onGatheringStateChange((state) => {
      emit({ event: "iceGatheringState", pc, state });
      if (state !== "complete") return;
      const { sdp } = peer.localDescription();
      for (const [, line] of sdp.matchAll(/a=(candidate:[^\r\n]*)/g)) announce(line);
      emit({ event: "candidate", pc, candidate: null });
    });
    // The two callbacks come through queues of their own: a candidate may follow the state that
    // says that there are no more.
    const announced = new Set();
    const announce = (candidate) => {
      if (announced.has(candidate)) return;
      announced.add(candidate);
      emit({ event: "candidate", pc, candidate: { candidate, sdpMid: "0", sdpMLineIndex: 0 } });
    };
    peer.onLocalCandidate((line) => announce(line.replace(/^a=/, "")));
    peer.onDataChannel((channel) => {
      const connection = connections.get(pc);
      if (!connection) return;
      const name = `remote-${++connection.announced}`;
      emit({
        event: "datachannel", pc, channel: name,
        label: channel.getLabel(), protocol: channel.getProtocol(), id: channel.getId(),
      });
      adopt(pc, name, channel);
    });
  },
  offer: ({ pc }) => described(pc, "offer"),
  answer: ({ pc }) => described(pc, "answer"),
  remote({ pc, type, sdp }) {
    connections.get(pc).peer.setRemoteDescription(sdp, type);
  },
  candidate({ pc, candidate }) {
    // An end-of-candidates has no counterpart here.
    if (candidate?.candidate) {
      connections.get(pc).peer.addRemoteCandidate(candidate.candidate, candidate.sdpMid ?? "0");
    }
  },
  createDataChannel({ pc, channel, label, options }) {
    const { ordered, ...rest } = options;
    const config = { ...rest, unordered: ordered === false };
    adopt(pc, channel, connections.get(pc).peer.createDataChannel(label, config));
  },
  async send({ pc, channel: name, text, kind, seed, size, count = 1 }) {
    const held = connections.get(pc).channels.get(name);
    const { channel } = held;
    channel.setBufferedAmountLowThreshold(HIGH_WATER / 4);
    if (text !== undefined) return void channel.sendMessage(text);
    for (let index = 0; index < count; index++) {
      const data = message(kind, seed, index, size);
      if (typeof data === "string") channel.sendMessage(data);
      else channel.sendMessageBinary(data);
      if (channel.bufferedAmount() > HIGH_WATER && !held.gone) {
        await new Promise((resolve) => {
          held.drained = resolve;
          // The last byte may have left between the two calls, and the event with it.
          if (channel.bufferedAmount() <= HIGH_WATER / 4) resolve();
        });
        held.drained = null;
      }
    }
  },
  verify({ pc, channel, kind, seed, size, count, anyOrder }) {
    const held = connections.get(pc).channels.get(channel);
    held.verification = { kind, seed, size, count, anyOrder, seen: new Set(), bytes: 0 };
  },
  echo({ pc, channel, on }) {
    connections.get(pc).channels.get(channel).echo = on;
  },
  closeChannel({ pc, channel }) {
    connections.get(pc).channels.get(channel).channel.close();
  },
  stats({ pc }) {
    const { peer } = connections.get(pc);
    return { types: [], pair: peer.getSelectedCandidatePair(), bytesSent: peer.bytesSent() };
  },
  close({ pc }) {
    connections.get(pc).peer.close();
    connections.delete(pc);
  },
};

rtc.initLogger("Warning", (level, text) => emit({ event: "log", text: `${level}: ${text}` }));
const lines = readline.createInterface({ input: process.stdin });
lines.on("line", async (line) => {
  const { id, cmd, ...args } = JSON.parse(line);
  try {
    if (!commands[cmd]) throw new Error(`cannot ${cmd}`);
    emit({ id, ok: true, ...(await commands[cmd](args)) });
  } catch (error) {
    emit({ id, error: String(error?.stack ?? error) });
  }
});
lines.on("close", () => process.exit(0));
