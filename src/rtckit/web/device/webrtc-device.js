/**
 * WebRTCDevice: a browser's connection to a device that speaks the small-device API.
 *
 *   import { WebRTCDevice } from "https://device.local/webrtc-device.js";
 *
 *   const device = new WebRTCDevice("https://device.local");
 *   device.onMessage = (data) => console.log(data);   // string, or ArrayBuffer
 *   await device.connect();                           // resolves when the channel is open
 *   device.send("Hello from the browser!");
 *
 * Signaling is JSON over HTTP, one POST per message, to `${deviceURL}/webrtc-signal`:
 *
 *   {type: "offer", sdp}     the browser's offer. A controlling device returns its own offer
 *                            {type: "offer", sdp, candidates}, which goes before the browser's;
 *                            a controlled one returns {type: "answer", sdp}.
 *   {type: "get_offer"}      asks for the device's offer alone (option `ask: "get_offer"`).
 *   {type: "answer", sdp}    the browser's answer to the device's offer.
 *   {type: "ice", candidate} a candidate that was found after the description had been sent.
 */

/** What went wrong. `code` is "signaling", "timeout", "connection", "closed" or "too-large". */
export class WebRTCDeviceError extends Error {
  constructor(message, code, options) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The device could not be reached, or what it returned makes no sense. */
export class SignalingError extends WebRTCDeviceError {
  constructor(message, options) {
    super(message, "signaling", options);
    /** HTTP status, if there was a response. */
    this.status = options?.status;
  }
}

/** The channel did not open in time. */
export class ConnectTimeoutError extends WebRTCDeviceError {
  constructor(message) {
    super(message, "timeout");
  }
}

/** Device and browser found no way to each other, or lost it. */
export class ConnectionError extends WebRTCDeviceError {
  constructor(message) {
    super(message, "connection");
  }
}

/** The connection was closed by close(). */
export class ClosedError extends WebRTCDeviceError {
  constructor(message = "the device connection is closed") {
    super(message, "closed");
  }
}

/** More than the device takes: see WebRTCDevice.MAX_MESSAGE_SIZE and queueBytes. */
export class TooLargeError extends WebRTCDeviceError {
  constructor(message) {
    super(message, "too-large");
  }
}

const DEFAULTS = Object.freeze({
  /** Appended to the device's URL. */
  path: "/webrtc-signal",
  /** "offer": send ours, which old devices expect; "get_offer": ask for the device's. */
  ask: "offer",
  /** STUN and TURN servers; none are needed on a local network. */
  iceServers: [],
  /** Label and options of the data channel. Ordered and reliable unless set otherwise. */
  label: "repl",
  channel: { ordered: true },
  /** Milliseconds until connect() gives up. */
  timeout: 15000,
  /** Milliseconds to wait for candidates; those that come later are sent one by one. */
  gathering: 1000,
  /** Bytes that send() keeps until the channel is open. */
  queueBytes: 1 << 20,
  /** Further options of fetch(), for example {credentials: "include"}. */
  fetch: {},
});

/**
 * Events: "connected", "message" (MessageEvent), "disconnected" (CustomEvent whose detail is the
 * error, or null after close()). onConnected, onMessage and onDisconnected are called as well.
 */
export class WebRTCDevice extends EventTarget {
  /** Bytes of the largest message that the device takes. */
  static MAX_MESSAGE_SIZE = 65535;

  constructor(deviceURL, options = {}) {
    super();
    this.deviceURL = String(deviceURL).replace(/\/+$/, "");
    this.options = { ...DEFAULTS, ...options };
    this.pc = null;
    this.dataChannel = null;
    this.onConnected = () => {};
    this.onMessage = (_data) => {};
    this.onDisconnected = (_error) => {};
    this._queue = [];
    this._queued = 0;
    this._connecting = null;
  }

  /** Whether send() sends at once. */
  get connected() {
    return this.dataChannel?.readyState === "open";
  }

  /** Connect; resolves when the data channel is open. A second call waits for the first. */
  connect() {
    if (this.connected) return Promise.resolve();
    this._connecting ??= this._connect().finally(() => {
      this._connecting = null;
    });
    return this._connecting;
  }

  /**
   * Send a string (as text) or bytes (as binary). Before the channel is open the message is kept
   * and sent then.
   */
  send(data) {
    const size = byteLength(data);
    if (size > WebRTCDevice.MAX_MESSAGE_SIZE) {
      throw new TooLargeError(`message of ${size} bytes; the device takes at most ` +
        WebRTCDevice.MAX_MESSAGE_SIZE);
    }
    if (this.connected) {
      this.dataChannel.send(data);
      return;
    }
    if (!this._connecting) throw new ClosedError("not connected: call connect() first");
    if (this._queued + size > this.options.queueBytes) {
      throw new TooLargeError("too much waits for the channel to open");
    }
    this._queue.push(data);
    this._queued += size;
  }

  /** End the connection. connect() may be called again. */
  close() {
    this._abort?.(new ClosedError());
    this._end(null);
  }

  async _connect() {
    this._end(null);
    const pc = new RTCPeerConnection({ iceServers: this.options.iceServers });
    const channel = pc.createDataChannel(this.options.label, this.options.channel);
    this.pc = pc;
    this.dataChannel = channel;
    const failure = new Promise((_, reject) => {
      this._abort = reject;
    });
    failure.catch(() => {});
    const timer = setTimeout(() => {
      this._abort(new ConnectTimeoutError(`no connection within ${this.options.timeout} ms`));
    }, this.options.timeout);
    try {
      const opened = this._watch(pc, channel);
      await Promise.race([failure, this._negotiate(pc).then(() => opened)]);
    } catch (error) {
      if (this.pc === pc) this._end(error, false);
      throw error;
    } finally {
      clearTimeout(timer);
    }
    this._flush();
    this.onConnected();
    this.dispatchEvent(new Event("connected"));
  }

  /** Listen on both ends' channels; the promise is for ours to open. */
  _watch(pc, channel) {
    const receive = (event) => {
      if (this.pc !== pc) return;
      this.onMessage(event.data);
      this.dispatchEvent(new MessageEvent("message", { data: event.data }));
    };
    channel.binaryType = "arraybuffer";
    channel.onmessage = receive;
    pc.ondatachannel = ({ channel: theirs }) => {
      theirs.binaryType = "arraybuffer";
      theirs.onmessage = receive;
    };
    const lost = (what) => {
      if (this.pc !== pc) return;
      const error = new ConnectionError(what);
      this._abort(error);
      this._end(error, !this._connecting);
    };
    channel.onclose = () => lost("the device closed the channel");
    pc.onconnectionstatechange = () => {
      if (pc.connectionState === "failed") lost("no way to the device was found, or it was lost");
    };
    return new Promise((resolve) => {
      channel.onopen = () => resolve();
    });
  }

  async _negotiate(pc) {
    const trickle = new Trickle(pc, (candidate) => this._post({ type: "ice", candidate }));
    let reply;
    if (this.options.ask === "get_offer") {
      reply = await this._post({ type: "get_offer" }, true);
    } else {
      await pc.setLocalDescription();
      await gathered(pc, this.options.gathering);
      trickle.described();
      reply = await this._post({ type: "offer", sdp: pc.localDescription.sdp }, true);
    }
    if (typeof reply?.sdp !== "string") {
      throw new SignalingError(reply?.error ?? "the device returned no session description");
    }
    if (reply.type === "answer") {
      await pc.setRemoteDescription({ type: "answer", sdp: reply.sdp });
      await addCandidates(pc, reply);
      trickle.begin();
      return;
    }
    // The device offers. Ours, if we made one, is rolled back by setting its.
    await pc.setRemoteDescription({ type: "offer", sdp: reply.sdp });
    await addCandidates(pc, reply);
    trickle.restart();
    await pc.setLocalDescription();
    await gathered(pc, this.options.gathering);
    trickle.described();
    // The description as it is now: the one that createAnswer() gave has no candidates in it.
    await this._post({ type: "answer", sdp: pc.localDescription.sdp });
    trickle.begin();
  }

  /** POST a message; again, when the device says that it is not ready yet. */
  async _post(message, patient = false) {
    const url = this.deviceURL + this.options.path;
    for (let attempt = 0; ; attempt += 1) {
      let response;
      try {
        response = await fetch(url, {
          ...this.options.fetch,
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify(message),
        });
      } catch (error) {
        throw new SignalingError(
          `${url} cannot be reached; if it is HTTPS, open ${this.deviceURL}/trust-cert once and ` +
            "accept its certificate",
          { cause: error },
        );
      }
      if (response.status === 503 && patient && attempt < 5) {
        await sleep(1000 * (Number(response.headers.get("Retry-After")) || 1));
        continue;
      }
      const text = await response.text();
      const reply = parse(text);
      if (!response.ok) {
        throw new SignalingError(
          `the device answered ${response.status}: ${reply?.error ?? text}`,
          { status: response.status },
        );
      }
      return reply;
    }
  }

  _flush() {
    const queue = this._queue;
    this._queue = [];
    this._queued = 0;
    for (const data of queue) this.dataChannel.send(data);
  }

  _end(error, tell = true) {
    const pc = this.pc;
    this.pc = null;
    this.dataChannel = null;
    if (!this._connecting) {
      this._queue = [];
      this._queued = 0;
    }
    if (!pc) return;
    pc.close();
    if (!tell) return;
    this.onDisconnected(error);
    this.dispatchEvent(new CustomEvent("disconnected", { detail: error }));
  }
}

/** Sends the candidates that are not in a description which was sent, one after another. */
class Trickle {
  constructor(pc, send) {
    this._send = send;
    this._waiting = [];
    this._going = false;
    this._tail = Promise.resolve();
    pc.onicecandidate = ({ candidate }) => {
      if (!candidate?.candidate) return;
      this._waiting.push(candidate.candidate);
      this._pump();
    };
  }

  /** A description with all candidates so far is about to be sent. */
  described() {
    this._waiting = [];
  }

  /** The candidates so far are of a description that is rolled back. */
  restart() {
    this._going = false;
    this._waiting = [];
  }

  /** The device has the description: candidates may follow. */
  begin() {
    this._going = true;
    this._pump();
  }

  _pump() {
    if (!this._going) return;
    for (const candidate of this._waiting.splice(0)) {
      // One that gets lost is no reason to fail: the others, or the device's checks, may do.
      this._tail = this._tail.then(() => this._send(candidate)).catch(() => {});
    }
  }
}

async function gathered(pc, milliseconds) {
  if (pc.iceGatheringState === "complete") return;
  await Promise.race([
    sleep(milliseconds),
    new Promise((resolve) => {
      pc.addEventListener("icegatheringstatechange", () => {
        if (pc.iceGatheringState === "complete") resolve();
      });
    }),
  ]);
}

/** Add the device's candidates, unless its description has them already. */
async function addCandidates(pc, { sdp, candidates = [] }) {
  if (/^a=candidate:/m.test(sdp)) return;
  for (const candidate of candidates) {
    await pc.addIceCandidate({ candidate, sdpMLineIndex: 0 });
  }
}

function byteLength(data) {
  if (typeof data === "string") return new TextEncoder().encode(data).length;
  return data.byteLength ?? data.size;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
