// The WebSocket, the peer connection that is negotiated over it, and its three channels.

const SERVICE = "rtckit-demo";
const LABELS = ["echo", "rtt", "bulk"];

const words = (error) => (error instanceof Error ? error.message : String(error));

/**
 * One visit. Events: `state` (something changed), `ready` (all channels are open), `problem`
 * (`detail` says in plain words what is wrong).
 */
export class Connection extends EventTarget {
  channels = new Map();
  version = "";
  peer = new RTCPeerConnection();
  #socket;
  #offerer;
  #makingOffer = false;
  #ignoringOffer = false;
  #queue = Promise.resolve();
  #closed = false;
  #ready = false;

  /** @param {"page" | "server"} offerer who makes the first offer. */
  constructor(offerer) {
    super();
    this.#offerer = offerer;
    this.#watchPeer();
    const url = new URL("ws", document.baseURI);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.#socket = new WebSocket(url);
    // One message at a time: a candidate must not overtake the description before it.
    this.#socket.onmessage = ({ data }) => {
      this.#queue = this.#queue.then(() => this.#receive(data)).catch((error) => {
        this.#report(`The server's message could not be used: ${words(error)}`);
      });
    };
    this.#socket.onclose = ({ reason }) => this.#hungUp(reason);
  }

  get dtlsState() {
    return this.peer.sctp?.transport?.state ?? "new";
  }

  restartIce() {
    this.peer.restartIce();
  }

  close() {
    this.#closed = true;
    this.#socket.close();
    this.peer.close();
  }

  #watchPeer() {
    const { peer } = this;
    for (const kind of ["signalingstatechange", "iceconnectionstatechange"]) {
      peer.addEventListener(kind, () => this.#changed());
    }
    peer.onconnectionstatechange = () => {
      this.#changed();
      if (peer.connectionState === "failed") {
        this.#report(
          peer.iceConnectionState === "failed"
            ? "The browser and Python cannot reach each other over UDP. A firewall or VPN may be in the way."
            : "The secure connection (DTLS) could not be made, or broke.",
        );
      }
    };
    peer.onnegotiationneeded = () => this.#offer();
    peer.onicecandidate = ({ candidate }) => {
      if (candidate === null) this.#send({ type: "end-of-candidates" });
      else if (candidate.candidate) this.#send({ type: "candidate", ...candidate.toJSON() });
    };
    peer.ondatachannel = ({ channel }) => this.#adopt(channel);
  }

  async #offer() {
    try {
      this.#makingOffer = true;
      await this.peer.setLocalDescription();
      this.#send(this.peer.localDescription.toJSON());
    } catch (error) {
      this.#report(`No offer could be made: ${words(error)}`);
    } finally {
      this.#makingOffer = false;
    }
  }

  async #receive(data) {
    const { peer } = this;
    const message = JSON.parse(data);
    switch (message.type) {
      case "hello":
        this.#greet(message);
        break;
      case "offer":
      case "answer": {
        // Perfect negotiation: the server is polite, so this page is not.
        this.#ignoringOffer =
          message.type === "offer" && (this.#makingOffer || peer.signalingState !== "stable");
        if (this.#ignoringOffer) break;
        await peer.setRemoteDescription({ type: message.type, sdp: message.sdp });
        if (message.type === "offer") {
          await peer.setLocalDescription();
          this.#send(peer.localDescription.toJSON());
        }
        break;
      }
      case "candidate":
        if (!this.#ignoringOffer) {
          const { candidate, sdpMid, sdpMLineIndex, usernameFragment } = message;
          await peer.addIceCandidate({ candidate, sdpMid, sdpMLineIndex, usernameFragment });
        }
        break;
      case "end-of-candidates":
        if (!this.#ignoringOffer) await peer.addIceCandidate();
        break;
      case "error":
        this.#report(`The server says: ${message.reason}.`);
        break;
    }
  }

  #greet({ service, version }) {
    if (service !== SERVICE) {
      this.#report("Something else than the demo answers at this address.");
      this.close();
      return;
    }
    this.version = version;
    if (this.#offerer === "server") {
      this.#send({ type: "request-offer" });
      return;
    }
    this.#adopt(this.peer.createDataChannel("echo"));
    this.#adopt(this.peer.createDataChannel("rtt", { ordered: false, maxRetransmits: 0 }));
    this.#adopt(this.peer.createDataChannel("bulk"));
  }

  #adopt(channel) {
    channel.binaryType = "arraybuffer";
    this.channels.set(channel.label, channel);
    channel.addEventListener("open", () => this.#opened());
    channel.addEventListener("close", () => this.#changed());
    this.#opened();
  }

  #opened() {
    this.#changed();
    if (!this.#ready && LABELS.every((label) => this.channels.get(label)?.readyState === "open")) {
      this.#ready = true;
      this.dispatchEvent(new Event("ready"));
    }
  }

  #send(message) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #hungUp(reason) {
    if (this.#closed) return;
    this.#report(
      reason
        ? `The server hung up: ${reason}.`
        : this.version
          ? "The server is gone. Start it again and press Reconnect."
          : "The server cannot be reached. Start it with “rtckit demo” and press Reconnect.",
    );
    this.close();
    this.#changed();
  }

  #changed() {
    this.peer.sctp?.transport?.addEventListener("statechange", this.#onDtls);
    this.dispatchEvent(new Event("state"));
  }

  #onDtls = () => this.dispatchEvent(new Event("state"));

  #report(detail) {
    if (!this.#closed) this.dispatchEvent(new CustomEvent("problem", { detail }));
  }
}
