// What script adds to a page that is complete without it: local times, verifying, a list of unsent records, live updates.

import { openDesk } from "./desk.js";
import { checkpointFromFile, compareWithKept, keptCheckpoint } from "./kept.js";
import { follow } from "./live.js";
import { openOutbox } from "./outbox.js";
import { openPanel } from "./panel.js";
import { openPicture } from "./picture.js";
import { openReadAloud } from "./read-aloud.js";
import { openSignIn } from "./sign-in.js";
import { openWallet } from "./wallet.js";

// As the server writes them, so that a page does not change its style when the script arrives.
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const twoDigits = (value) => String(value).padStart(2, "0");

/** Instants in the visitor's own time; the UTC text stays as the title. Dates without a time are left as they are. */
function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime*='T']:not([title])")) {
    const instant = new Date(time.dateTime);
    if (Number.isNaN(instant.getTime())) continue;
    time.title = time.textContent;
    time.textContent = `${instant.getDate()} ${MONTHS[instant.getMonth()]} ${instant.getFullYear()}, `
      + `${twoDigits(instant.getHours())}:${twoDigits(instant.getMinutes())}`;
  }
}

/** On the verify page a checkpoint that was kept, in this browser or as a file, joins the checks. */
async function joinKept(result, desk) {
  const { contents } = result;
  if (!contents?.ledger) return;
  const file = desk.querySelector("#desk-checkpoint")?.files[0];
  const kept = file ? checkpointFromFile(await file.text(), contents.ledger) : keptCheckpoint(contents.ledger);
  if (!kept) return;
  const check = await compareWithKept(kept, contents.head, `/api/v1/ledgers/${contents.ledger}/consistency`);
  result.checks.push({ number: result.checks.length + 1, ...check });
  result.ok = result.checks.every((check) => check.ok !== false);
}

localTimes(document);
document.addEventListener("portal:replaced", (event) => localTimes(event.target));
for (const panel of document.querySelectorAll("[data-evidence]")) openPanel(panel);
for (const desk of document.querySelectorAll("[data-desk]")) openDesk(desk, joinKept);
openOutbox();
openPicture();
openReadAloud();
openSignIn();
openWallet();
if (document.body.dataset.events) follow(document.body.dataset.events);
