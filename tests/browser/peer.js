// A browser as a remote peer: commands and events go over one WebSocket to the test.
// The protocol is described in tests/interop/harness/wire.py.

const PERIOD = 1021;
const HIGH_WATER = 1 << 20;
const connections = new Map();
const socket = new WebSocket(`ws://${location.host}/peer`);
const emit = (line) => socket.send(JSON.stringify(line));

// The series of tests/interop/harness/pattern.py.
function octets(text, seed, index, size) {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0 || 1;
  const body = new Uint8Array(size);
  const first = Math.min(size, PERIOD);
  for (let position = 0; position < first; position++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    body[position] = text ? 97 + ((state >>> 24) % 26) : state >>> 24;
  }
  for (let filled = first; filled < size; filled *= 2) {
    body.copyWithin(filled, 0, Math.min(filled, size - filled));
  }
  if (size >= 8 && !text) new DataView(body.buffer).setBigUint64(0, BigInt(index));
  if (size >= 8 && text) {
    body.set(new TextEncoder().encode(index.toString(16).padStart(8, "0")));
  }
  return body;
}

function message(kind, seed, index, size) {
  const body = octets(kind === "text", seed, index, size);
  return kind === "text" ? new TextDecoder().decode(body) : body;
}

function indexOf(data) {
  if (typeof data === "string") return parseInt(data.slice(0, 8), 16);
  return data.length >= 8 ? Number(new DataView(data.buffer).getBigUint64(0)) : -1;
}

function same(data, expected) {
  if (typeof data !== typeof expected || data.length !== expected.length) return false;
  return typeof data === "string" ? data === expected : data.every((v, i) => v === expected[i]);
}

function adopt(pc, name, channel) {
  const held = { channel, echo: false, verification: null, hashing: Promise.resolve() };
  connections.get(pc).channels.set(name, held);
  const tell = (event, more = {}) => emit({ event, pc, channel: name, ...more });
  channel.binaryType = "arraybuffer";
  let opened = false;
  const open = () => {
    if (!opened) tell("open", { id: channel.id });
    opened = true;
  };
  channel.onopen = open;
  channel.onclose = () => tell("closed");
  channel.onerror = (event) => tell("log", { text: String(event.error) });
  channel.onmessage = ({ data: raw }) => {
    const data = typeof raw === "string" ? raw : new Uint8Array(raw);
    if (held.echo) channel.send(data);
    else if (held.verification) verify(held, data, tell);
    else {
      // Digests are asynchronous here: one after the other, so that the order is kept.
      held.hashing = held.hashing.then(() => describe(data)).then((line) => tell("message", line));
    }
  };
  if (channel.readyState === "open") open();
}

async function describe(data) {
  const body = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  return {
    kind: typeof data === "string" ? "text" : "binary",
    size: body.length,
    sha256: Array.from(digest, (octet) => octet.toString(16).padStart(2, "0")).join(""),
    text: typeof data === "string" && data.length <= 200 ? data : null,
  };
}

function verify(held, data, tell) {
  const v = held.verification;
  const index = v.anyOrder ? indexOf(data) : v.seen.size;
  if (v.seen.has(index) || index >= v.count) {
    tell("mismatch", { reason: `message ${index} of ${v.count} is one too many` });
  } else if (!same(data, message(v.kind, v.seed, index, v.size))) {
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

function drained(channel) {
  return new Promise((resolve) => {
    channel.bufferedAmountLowThreshold = HIGH_WATER / 4;
    channel.addEventListener("bufferedamountlow", resolve, { once: true });
    channel.addEventListener("close", resolve, { once: true });
  });
}

const held = ({ pc, channel }) => connections.get(pc).channels.get(channel);
const peerOf = ({ pc }) => connections.get(pc).peer;
const plain = ({ type, sdp }) => ({ type, sdp });

const commands = {
  create({ pc }) {
    const peer = new RTCPeerConnection({ iceServers: [] });
    connections.set(pc, { peer, channels: new Map(), announced: 0 });
    for (const name of ["connection", "iceConnection", "iceGathering", "signaling"]) {
      peer.addEventListener(`${name.toLowerCase()}statechange`, () =>
        emit({ event: `${name}State`, pc, state: peer[`${name}State`] }));
    }
    peer.onicecandidate = ({ candidate }) => {
      // An empty line ends one generation's candidates, null ends gathering: one end is enough.
      if (candidate && !candidate.candidate) return;
      emit({ event: "candidate", pc, candidate: candidate && candidate.toJSON() });
    };
    peer.ondatachannel = ({ channel }) => {
      const name = `remote-${++connections.get(pc).announced}`;
      const { label, protocol, ordered, maxRetransmits, maxPacketLifeTime, id } = channel;
      const options = { label, protocol, ordered, maxRetransmits, maxPacketLifeTime, id };
      emit({ event: "datachannel", pc, channel: name, ...options });
      adopt(pc, name, channel);
    };
  },
  async offer(args) {
    const peer = peerOf(args);
    await peer.setLocalDescription(await peer.createOffer());
    return plain(peer.localDescription);
  },
  async answer(args) {
    const peer = peerOf(args);
    await peer.setLocalDescription(await peer.createAnswer());
    return plain(peer.localDescription);
  },
  remote: (args) => peerOf(args).setRemoteDescription(plain(args)),
  candidate({ candidate, ...args }) {
    // No candidate at all is the end of candidates.
    return peerOf(args).addIceCandidate(candidate ?? undefined);
  },
  restartIce: (args) => peerOf(args).restartIce(),
  createDataChannel({ pc, channel, label, options }) {
    adopt(pc, channel, connections.get(pc).peer.createDataChannel(label, options));
  },
  async send({ text, kind, seed, size, count = 1, ...args }) {
    const { channel } = held(args);
    if (text !== undefined) return void channel.send(text);
    for (let index = 0; index < count; index++) {
      channel.send(message(kind, seed, index, size));
      if (channel.bufferedAmount > HIGH_WATER) await drained(channel);
    }
  },
  verify({ kind, seed, size, count, anyOrder, ...args }) {
    held(args).verification = { kind, seed, size, count, anyOrder, seen: new Set(), bytes: 0 };
  },
  echo({ on, ...args }) {
    held(args).echo = on;
  },
  closeChannel: (args) => held(args).channel.close(),
  async stats(args) {
    const report = await peerOf(args).getStats();
    return { types: [...new Set([...report.values()].map((entry) => entry.type))] };
  },
  close(args) {
    const connection = connections.get(args.pc);
    connection.peer.close();
    connections.delete(args.pc);
  },
};

socket.onmessage = async ({ data }) => {
  const { id, cmd, ...args } = JSON.parse(data);
  try {
    if (!commands[cmd]) throw new Error(`cannot ${cmd}`);
    emit({ id, ok: true, ...(await commands[cmd](args)) });
  } catch (error) {
    emit({ id, error: String(error) });
  }
};
