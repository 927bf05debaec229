// Reads a part of the page aloud, where the browser has a voice (Web Speech API). The text is always there.

/** Shows each button that names a part of the page, and lets it speak or fall silent. */
export function openReadAloud() {
  if (!("speechSynthesis" in window)) return;
  for (const button of document.querySelectorAll("[data-read-aloud]")) prepare(button);
  document.addEventListener("portal:replaced", (event) => {
    for (const button of event.target.querySelectorAll("[data-read-aloud]")) prepare(button);
  });
  addEventListener("pagehide", () => speechSynthesis.cancel());
}

function prepare(button) {
  const words = button.textContent;
  const silent = () => {
    button.textContent = words;
    button.setAttribute("aria-pressed", "false");
  };
  button.hidden = false;
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    const wasSpeaking = button.getAttribute("aria-pressed") === "true";
    // One voice at a time: whoever presses another button wants to hear that one.
    speechSynthesis.cancel();
    if (wasSpeaking) return silent();
    const part = document.getElementById(button.dataset.readAloud);
    if (!part) return;
    const speech = new SpeechSynthesisUtterance(spoken(part));
    speech.lang = document.documentElement.lang;
    speech.addEventListener("end", silent);
    speech.addEventListener("error", silent);
    button.textContent = "Stop reading";
    button.setAttribute("aria-pressed", "true");
    speechSynthesis.speak(speech);
  });
}

/** The words of a part as they are heard: without what only the eye needs. */
function spoken(part) {
  const copy = part.cloneNode(true);
  for (const silent of copy.querySelectorAll("[aria-hidden='true'], svg, .fact-grounds, button, script")) silent.remove();
  // A pause between parts that stand on lines of their own.
  for (const line of copy.querySelectorAll("p, h1, h2, h3, dt, dd, li, td")) line.append(". ");
  return copy.textContent.replace(/\s+/g, " ").replace(/([.!?:,])\s*\./g, "$1").trim();
}
