// Records made without a network: kept on this device, shown as such, and sent when the network is back.
//
// A person in a field must know at every moment whether a record is only on the phone, sent, or confirmed. So a form
// that cannot be sent is not lost and not silently retried: it stands in a list until the server has answered.

import { hex } from "./cbor.js";
import { element } from "./report.js";

const STORAGE_KEY = "cairn-outbox";

function waiting() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORAGE_KEY));
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

function keep(records) {
  if (records.length > 0) localStorage.setItem(STORAGE_KEY, JSON.stringify(records));
  else localStorage.removeItem(STORAGE_KEY);
}

/** Wires the page's forms; pages without forms are left alone and store nothing. */
export function openOutbox() {
  const forms = [...document.querySelectorAll("form.card[method=post]")];
  if (forms.length === 0) return;
  const list = element("div", "outbox");
  list.setAttribute("role", "status");
  document.querySelector("main").prepend(list);
  for (const form of forms) {
    form.addEventListener("submit", (event) => {
      if (navigator.onLine) return;
      event.preventDefault();
      const fields = [...new FormData(form)].filter(([name]) => name !== "csrf");
      const title = form.querySelector("h2").textContent;
      const record = { id: freshId(), action: form.getAttribute("action"), title, fields, made: Date.now() };
      keep([...waiting(), record]);
      form.reset();
      show(list);
      list.scrollIntoView({ block: "start" });
    });
  }
  addEventListener("online", () => send(list));
  show(list);
  if (navigator.onLine) send(list);
}

// Not crypto.randomUUID, which browsers offer over https only.
function freshId() {
  return hex(crypto.getRandomValues(new Uint8Array(16)));
}

function show(list) {
  const records = waiting();
  list.replaceChildren(...records.map((record) => {
    const time = new Date(record.made);
    const made = `${String(time.getHours()).padStart(2, "0")}:${String(time.getMinutes()).padStart(2, "0")}`;
    const state = record.refused
      ? `The server refused it: ${record.refused}. Enter it again, then remove it here.`
      : "Saved on this phone; it is sent when there is a network.";
    const line = element("p", `notice notice-${record.refused ? "bad" : "neutral"}`,
      element("strong", "", `${record.title}, ${made}. `), state);
    if (record.refused) {
      const remove = element("button", "quiet", "Remove");
      remove.type = "button";
      remove.addEventListener("click", () => {
        keep(waiting().filter((other) => other.id !== record.id));
        show(list);
      });
      line.append(" ", remove);
    }
    return line;
  }));
}

async function send(list) {
  // The token of the page that is open now: the one the record was made with may have ended with its session.
  const token = document.querySelector("input[name=csrf]")?.value ?? "";
  for (const record of waiting().filter((other) => !other.refused)) {
    const body = new URLSearchParams([["csrf", token], ...record.fields]);
    let response;
    try {
      response = await fetch(record.action, { method: "POST", body, headers: { "Idempotency-Key": record.id } });
    } catch {
      break;
    }
    if (response.ok) keep(waiting().filter((other) => other.id !== record.id));
    else keep(waiting().map((other) => (other.id === record.id ? { ...other, refused: `${response.status}` } : other)));
    show(list);
  }
}
