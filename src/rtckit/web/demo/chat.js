// The echo: what is typed, what comes back, and how long it took.

import { formatMilliseconds } from "./format.js";

const LONGEST = 200;

export class Chat {
  #list;
  #channel = null;
  #pending = [];

  /** @param {HTMLElement} list where messages are shown. */
  constructor(list) {
    this.#list = list;
  }

  /** Talk over `channel` from now on. */
  use(channel) {
    this.#channel = channel;
    this.#pending = [];
    channel.addEventListener("message", ({ data }) => this.#receive(data));
  }

  say(text) {
    this.#pending.push(performance.now());
    this.#channel.send(text);
    this.#show("sent", "You: ", text, "");
  }

  #receive(data) {
    // The channel is ordered: the first echo belongs to the first message without one.
    const sent = this.#pending.shift();
    const took = sent === undefined ? "" : formatMilliseconds(performance.now() - sent);
    const text = typeof data === "string" ? data : `${data.byteLength} bytes`;
    this.#show("echo", "Python: ", text, took);
  }

  #show(kind, who, text, note) {
    const item = document.createElement("li");
    item.className = kind;
    const speaker = document.createElement("span");
    speaker.className = "hidden";
    speaker.textContent = who;
    item.append(speaker, text);
    if (note) {
      const small = document.createElement("small");
      small.textContent = note;
      item.append(small);
    }
    this.#list.append(item);
    while (this.#list.children.length > LONGEST) this.#list.firstChild.remove();
    this.#list.scrollTop = this.#list.scrollHeight;
  }
}
