// Transfers over the channel "bulk", both ways, measured where they arrive.

const CHUNK_SIZE = 65536;
const POOL_SIZE = 1 << 20;
const STRIDE = 4099;
const HIGH_WATER = 2 << 20;
const LOW_WATER = 512 << 10;
const SAMPLE_INTERVAL = 200;

/** Noise, so that nothing on the way can make it smaller. */
function noise(size) {
  const bytes = new Uint8Array(size);
  for (let offset = 0; offset < size; offset += 65536) {
    crypto.getRandomValues(bytes.subarray(offset, Math.min(size, offset + 65536)));
  }
  return bytes;
}

async function sha256(bytes) {
  // Browsers keep crypto.subtle to secure pages: https:, or this machine.
  if (!crypto.subtle) return null;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Events: `down` and `up` (`detail` is `{bytesPerSecond, total}`, bytes received at the far end of
 * that direction), `change` (a transfer began or ended).
 */
export class Bulk extends EventTarget {
  downloading = false;
  uploading = false;
  #channel;
  #pool = noise(POOL_SIZE + CHUNK_SIZE);
  #received = 0;
  #sampled = { time: 0, bytes: 0 };
  #arrived = { bytes: 0, seconds: 0 };
  #stored = 0;
  #stopping = false;
  #wake = () => {};
  #result = { resolve: () => {}, reject: () => {} };
  #timer;

  constructor(channel) {
    super();
    this.#channel = channel;
    channel.bufferedAmountLowThreshold = LOW_WATER;
    channel.addEventListener("message", ({ data }) => this.#receive(data));
    channel.addEventListener("bufferedamountlow", () => this.#wake());
    channel.addEventListener("close", () => this.#close());
  }

  /** Receive until stopped, or for as long as the server likes. */
  startDownload() {
    this.#tell({ op: "get" });
    this.downloading = true;
    this.#sampled = { time: performance.now(), bytes: this.#received };
    this.#timer = setInterval(() => this.#sample(), SAMPLE_INTERVAL);
    this.#change();
  }

  stopDownload() {
    this.#tell({ op: "stop" });
  }

  /** Send until stopped; gives what arrived there. */
  startUpload() {
    let offset = 0;
    return this.#send(() => {
      offset = (offset + STRIDE) % POOL_SIZE;
      return this.#pool.subarray(offset, offset + CHUNK_SIZE);
    }, null);
  }

  stopUpload() {
    this.#stopping = true;
    this.#wake();
  }

  /** Send a file; gives `{bytes, seconds, matches}`, the last null if hashes cannot be had. */
  async sendFile(file) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const hash = await sha256(bytes);
    let offset = 0;
    const got = await this.#send(() => {
      const chunk = bytes.subarray(offset, offset + CHUNK_SIZE);
      offset += chunk.length;
      return chunk.length ? chunk : null;
    }, hash);
    return { ...got, matches: hash === null ? null : got.sha256 === hash };
  }

  async #send(next, hash) {
    const arrived = new Promise((resolve, reject) => (this.#result = { resolve, reject }));
    // The channel may close while the loop below waits; that is told where `arrived` is awaited.
    arrived.catch(() => {});
    this.uploading = true;
    this.#stopping = false;
    this.#arrived = { bytes: 0, seconds: 0 };
    this.#change();
    try {
      const sent = await this.#pump(next);
      this.#tell({ op: "end", bytes: sent, sha256: hash });
      return await arrived;
    } finally {
      this.uploading = false;
      this.#announce("up", null, this.#stored);
      this.#change();
    }
  }

  async #pump(next) {
    const channel = this.#channel;
    let sent = 0;
    this.#tell({ op: "put" });
    while (!this.#stopping && channel.readyState === "open") {
      const chunk = next();
      if (chunk === null) break;
      channel.send(chunk);
      sent += chunk.length;
      if (channel.bufferedAmount > HIGH_WATER) {
        await new Promise((resolve) => (this.#wake = resolve));
      }
    }
    return sent;
  }

  #receive(data) {
    if (typeof data !== "string") {
      this.#received += data.byteLength;
      return;
    }
    const control = JSON.parse(data);
    if (control.op === "end") {
      this.#endDownload();
    } else if (control.op === "progress") {
      this.#measure(control);
    } else if (control.op === "got") {
      this.#measure(control);
      this.#result.resolve(control);
    }
  }

  /** How fast content arrives there, by the server's own clock and count. */
  #measure({ bytes, seconds }) {
    const span = seconds - this.#arrived.seconds;
    this.#stored += bytes - this.#arrived.bytes;
    // The last message of a transfer may follow so closely that dividing by its span means little.
    const rate = span >= 0.02 ? (bytes - this.#arrived.bytes) / span : null;
    this.#arrived = { bytes, seconds };
    this.#announce("up", rate, this.#stored);
  }

  #sample() {
    const now = performance.now();
    const rate = ((this.#received - this.#sampled.bytes) * 1000) / (now - this.#sampled.time);
    this.#sampled = { time: now, bytes: this.#received };
    this.#announce("down", rate, this.#received);
  }

  #endDownload() {
    clearInterval(this.#timer);
    this.downloading = false;
    this.#announce("down", null, this.#received);
    this.#change();
  }

  #close() {
    this.#wake();
    this.#result.reject(new Error("the channel closed"));
    if (this.downloading) this.#endDownload();
  }

  #announce(kind, bytesPerSecond, total) {
    this.dispatchEvent(new CustomEvent(kind, { detail: { bytesPerSecond, total } }));
  }

  #change() {
    this.dispatchEvent(new Event("change"));
  }

  #tell(control) {
    if (this.#channel.readyState === "open") this.#channel.send(JSON.stringify(control));
  }
}
