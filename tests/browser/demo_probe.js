// Takes commands from the test and carries them out on the demo page, as a user would.

const PATIENCE = 30000;

const socket = new WebSocket(`ws://${location.host}/probe/ws`);
const reply = (id, value) => socket.send(JSON.stringify({ id, value }));
const complain = (words) => socket.send(JSON.stringify({ id: null, value: String(words) }));
addEventListener("error", (event) => complain(event.message));
addEventListener("unhandledrejection", (event) => complain(event.reason));

const seen = [];
new MutationObserver(() => seen.push(document.getElementById("signaling-state").textContent)).observe(
  document.getElementById("signaling-state"),
  { childList: true },
);

async function until(selector, words) {
  const end = performance.now() + PATIENCE;
  while (performance.now() < end) {
    const text = document.querySelector(selector)?.textContent;
    if (text?.match(words)) return text;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return `${selector} says ${JSON.stringify(document.querySelector(selector)?.textContent)}`;
}

const commands = {
  until,
  click: (selector) => document.querySelector(selector).click(),
  choose: (selector, value) => {
    document.querySelector(selector).value = value;
  },
  say: (text) => {
    document.getElementById("text").value = text;
    document.getElementById("say").requestSubmit();
  },
  signaling: () => seen,
};

socket.onmessage = async ({ data }) => {
  const { id, command, args } = JSON.parse(data);
  reply(id, (await commands[command](...args)) ?? null);
};
