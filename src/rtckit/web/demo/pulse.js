// Round-trip times: small unreliable messages at a steady pace.

const INTERVAL = 100;
const LOST_AFTER = 2000;

export class Pulse {
  lost = 0;
  #channel;
  #onTime;
  #pending = new Map();
  #number = 0;
  #timer;

  /**
   * @param {RTCDataChannel} channel that gives back what it gets.
   * @param {(milliseconds: number | null) => void} onTime told of each return, and of each loss.
   */
  constructor(channel, onTime) {
    this.#channel = channel;
    this.#onTime = onTime;
    channel.addEventListener("message", ({ data }) => this.#receive(data));
    this.#timer = setInterval(() => this.#beat(), INTERVAL);
  }

  stop() {
    clearInterval(this.#timer);
  }

  #beat() {
    const now = performance.now();
    for (const [number, sent] of this.#pending) {
      if (now - sent < LOST_AFTER) break;
      this.#pending.delete(number);
      this.lost += 1;
      this.#onTime(null);
    }
    if (this.#channel.readyState !== "open") return;
    const number = (this.#number += 1);
    this.#pending.set(number, now);
    this.#channel.send(Float64Array.of(number));
  }

  #receive(data) {
    if (!(data instanceof ArrayBuffer) || data.byteLength !== 8) return;
    const [number] = new Float64Array(data);
    const sent = this.#pending.get(number);
    if (sent === undefined) return;
    this.#pending.delete(number);
    this.#onTime(performance.now() - sent);
  }
}
