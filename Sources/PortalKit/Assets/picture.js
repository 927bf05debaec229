// A picture is made fit for publishing before it leaves the browser: what is drawn over is blurred for good. The hash of the published
// picture and that of the original are signed; the original stays with its owner.

const LONGEST_SIDE = 1600;
/** Blocks of a blurred part, so coarse that nobody is recognised. */
const BLOCKS = 6;

const hex = async (bytes) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))]
  .map((byte) => byte.toString(16).padStart(2, "0")).join("");

export function openPicture() {
  for (const form of document.querySelectorAll("form[data-documents]")) prepare(form);
}

function prepare(form) {
  const [file, canvas, status] = ["input[type=file]", "canvas", "[role=status]"].map((name) => form.querySelector(name));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let original = null;
  let isBlurred = false;
  file.addEventListener("change", async () => {
    original = file.files[0] ?? null;
    if (!original) return;
    const picture = await createImageBitmap(original);
    const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    canvas.hidden = false;
    isBlurred = false;
  });
  let start = null;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    start = place(event);
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointerup", (event) => {
    if (!start) return;
    const [x, y] = place(event);
    blur(context, Math.min(start[0], x), Math.min(start[1], y), Math.abs(x - start[0]), Math.abs(y - start[1]));
    start = null;
    isBlurred = true;
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!original) return void (status.textContent = "Choose a picture first.");
    try {
      await publish(form, canvas, original, isBlurred, status);
    } catch (error) {
      status.textContent = `Not recorded: ${error.message}`;
    }
  });
}

/** Replaces a part of the picture by a few large squares. */
function blur(context, x, y, width, height) {
  if (width < 4 || height < 4) return;
  const small = new OffscreenCanvas(BLOCKS, BLOCKS);
  small.getContext("2d").drawImage(context.canvas, x, y, width, height, 0, 0, BLOCKS, BLOCKS);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, BLOCKS, BLOCKS, x, y, width, height);
  context.imageSmoothingEnabled = true;
}

async function publish(form, canvas, original, isBlurred, status) {
  status.textContent = "Signing…";
  // Drawn anew, the picture has lost its camera's place and serial number, too.
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
  const bytes = await blob.arrayBuffer();
  const hash = await hex(bytes);
  const fields = new URLSearchParams(new FormData(form));
  fields.delete("file");
  fields.set("document", hash);
  if (isBlurred) fields.set("original", await hex(await original.arrayBuffer()));
  const recorded = await fetch(form.action, { method: "POST", body: fields });
  if (!recorded.ok) {
    const page = new DOMParser().parseFromString(await recorded.text(), "text/html");
    throw new Error(page.querySelector("main .lead, main p")?.textContent.trim() ?? `answer ${recorded.status}`);
  }
  const kept = await fetch(`${form.dataset.documents}${hash}`, {
    method: "POST", body: bytes,
    headers: { "Content-Type": "application/octet-stream", "X-CSRF-Token": fields.get("csrf") },
  });
  if (!kept.ok) throw new Error(`the picture was not kept (${kept.status})`);
  status.textContent = "Recorded and published. ";
  const link = document.createElement("a");
  link.href = `${form.dataset.documents}${hash}`;
  link.textContent = "The picture";
  status.append(link);
}
