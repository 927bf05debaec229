// Live updates: when a block becomes final, the live parts of the page are fetched again and replaced.
//
// The server renders; the script only swaps. So there is one template for a page, with and without script.

/** Pause between two refreshes, milliseconds: a busy ledger must not make a phone fetch without end. */
const PAUSE = 2000;

export function follow(eventsURL) {
  if (!("EventSource" in window) || !document.querySelector("[data-live]")) return;
  const source = new EventSource(eventsURL);
  let timer = null;
  const schedule = () => {
    timer ??= setTimeout(async () => {
      await refresh();
      timer = null;
    }, PAUSE);
  };
  for (const kind of ["message", "block", "transaction", "final"]) source.addEventListener(kind, schedule);
  addEventListener("pagehide", () => source.close());
}

async function refresh() {
  if (document.hidden) return;
  const response = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!response?.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    // What someone is reading with the keyboard or typing into stays as it is.
    if (part.contains(document.activeElement)) continue;
    const replacement = fresh.querySelector(`[data-live="${CSS.escape(part.dataset.live)}"]`);
    if (replacement && replacement.innerHTML !== part.dataset.received) {
      part.dataset.received = replacement.innerHTML;
      part.replaceChildren(...replacement.childNodes);
      part.dispatchEvent(new CustomEvent("portal:replaced", { bubbles: true }));
    }
  }
}
