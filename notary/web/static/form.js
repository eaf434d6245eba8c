// The deposit form: sends a file, or computes its digests and sends those, and shows how far it is.
import { forget, mine, remember } from "./mine.js";
import { fill, problemText, sizeText, words } from "./words.js";

const $ = (id) => document.getElementById(id);
const ANNOUNCE_EVERY_PERCENT = 25;

/** Ends the work that runs, if any: an upload or the two workers. */
let stop = () => {};
let attempt = { of: "", key: "" };
let announced = 0;

class Failure extends Error {}

$("form").hidden = false;
showMine();

$("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  showProblem(null);
  const [file, ...more] = $("file").files;
  if (!file) return showProblem(words.choose, $("file"));
  if (more.length > 0) return showProblem(words.one_file, $("file"));
  if (file.size === 0) return showProblem(words.problems["exhibit-empty"], $("file"));
  setRunning(true);
  try {
    const deposit = await ($("mode-file").checked ? sendFile(file) : sendDigests(file));
    remember({ stream: deposit.stream, name: file.name, at: deposit.entries[0].recorded_at });
    window.removeEventListener("beforeunload", keepPage);
    location.assign(`/?lang=${words.lang}&stream=${encodeURIComponent(deposit.stream)}`);
  } catch (error) {
    setRunning(false);
    if (!(error instanceof Failure)) throw error;
    showProblem(error.message, $("submit"));
  }
});

$("cancel").addEventListener("click", () => stop());

$("forget").addEventListener("click", () => {
  forget();
  showMine();
});

// Coming back with the browser's own button, the form is ready again and the list is current.
window.addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  setRunning(false);
  showMine();
});

// A file dropped beside the field must not replace the page.
for (const type of ["dragover", "drop"]) {
  window.addEventListener(type, (event) => event.preventDefault());
}
for (const type of ["dragenter", "dragover"]) {
  $("drop").addEventListener(type, () => $("drop").classList.add("over"));
}
for (const type of ["dragleave", "drop"]) {
  $("drop").addEventListener(type, () => $("drop").classList.remove("over"));
}
$("drop").addEventListener("drop", (event) => {
  if ($("submit").disabled) return;
  $("file").files = event.dataTransfer.files;
  showProblem($("file").files.length > 1 ? words.one_file : null);
});

async function sendFile(file) {
  const query = new URLSearchParams(particulars(file));
  const started = performance.now();
  return post(`/v1/deposits?${query}`, file, "application/octet-stream", (sent) => {
    if (sent === file.size) return showProgress(null, words.recording);
    const rate = sizeText(sent / Math.max((performance.now() - started) / 1000, 0.001));
    return showProgress(sent / file.size, words.sending, { done: sizeText(sent), rate });
  });
}

async function sendDigests(file) {
  const digests = await digestsOf(file);
  showProgress(null, words.recording);
  const request = { digests, size_bytes: file.size, ...particulars(file) };
  return post("/v1/deposits/digests", JSON.stringify(request), "application/json", () => {});
}

function particulars(file) {
  const given = {
    file_name: file.name,
    // A browser may know no type, or give it parameters.
    media_type: file.type.split(";")[0],
    source: $("source").value.trim(),
    note: $("note").value.trim(),
  };
  return Object.fromEntries(Object.entries(given).filter(([, text]) => text !== ""));
}

/** Both digests of the file, each computed by a worker of its own. */
async function digestsOf(file) {
  const workers = [];
  const done = {};
  try {
    return await new Promise((resolve, reject) => {
      stop = () => reject(new Failure(words.cancelled));
      const digests = ["sha256", "sm3"].map(
        (algorithm) =>
          new Promise((finish) => {
            const worker = new Worker("/static/digest-worker.js", { type: "module" });
            workers.push(worker);
            worker.addEventListener("error", () => reject(new Failure(words.unreadable)));
            worker.addEventListener("message", ({ data }) => {
              if (data.unreadable) reject(new Failure(words.unreadable));
              if (data.digest) finish(data.digest);
              if (data.done) {
                done[algorithm] = data.done;
                const least = Math.min(done.sha256 ?? 0, done.sm3 ?? 0);
                showProgress(least / file.size, words.reading, { done: sizeText(least) });
              }
            });
            worker.postMessage({ file, algorithm });
          }),
      );
      Promise.all(digests).then(resolve, reject);
    });
  } finally {
    for (const worker of workers) worker.terminate();
  }
}

/** The deposit the notary answers. XMLHttpRequest, because fetch does not tell what it has sent. */
function post(url, body, type, onSent) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    stop = () => request.abort();
    request.open("POST", url);
    request.responseType = "json";
    request.setRequestHeader("Content-Type", type);
    request.setRequestHeader("Idempotency-Key", keyOf(url, typeof body === "string" ? body : ""));
    request.upload.addEventListener("progress", ({ loaded }) => onSent(loaded));
    request.addEventListener("error", () => reject(new Failure(words.network)));
    request.addEventListener("abort", () => reject(new Failure(words.cancelled)));
    request.addEventListener("load", () => {
      const answer = request.response;
      if (request.status === 201 && answer) resolve(answer);
      else reject(new Failure(problemText(answer ?? { detail: `HTTP ${request.status}.` })));
    });
    request.send(body);
  });
}

/** The same key as long as the same is sent again, so that a lost answer makes no second deposit. */
function keyOf(...parts) {
  const file = $("file").files[0];
  const of = JSON.stringify([...parts, file.size, file.lastModified]);
  if (attempt.of !== of) {
    // crypto.randomUUID is missing on pages of a plain http intranet.
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    attempt = { of, key: Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("") };
  }
  return attempt.key;
}

function keepPage(event) {
  event.preventDefault();
}

function setRunning(running) {
  $("submit").disabled = running;
  for (const field of $("form").querySelectorAll("input, textarea")) field.disabled = running;
  $("running").hidden = $("cancel").hidden = !running;
  $("announcement").textContent = "";
  announced = 0;
  $("progress").removeAttribute("value");
  $("progress-text").textContent = "";
  if (running) window.addEventListener("beforeunload", keepPage);
  else window.removeEventListener("beforeunload", keepPage);
}

/** Shows the share done, or for null that something is going on; says it aloud now and then. */
function showProgress(share, text, values = {}) {
  const percent = share === null ? 100 : Math.floor(share * 100);
  const sentence = fill(text, { percent, ...values });
  if (share === null) $("progress").removeAttribute("value");
  else $("progress").value = percent;
  $("progress-text").textContent = sentence;
  if (share === null || percent >= announced + ANNOUNCE_EVERY_PERCENT) {
    announced = percent;
    $("announcement").textContent = sentence;
  }
}

function showProblem(sentence, field) {
  $("problem").hidden = sentence === null;
  $("problem").querySelector("p").textContent = sentence ?? "";
  if (sentence !== null) {
    $("problem").scrollIntoView({ block: "nearest" });
    field?.focus();
  }
}

function showMine() {
  const list = mine();
  $("mine").hidden = list.length === 0;
  $("mine-list").replaceChildren(
    ...list.map(({ stream, name }) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      const id = document.createElement("span");
      link.href = `/?lang=${words.lang}&stream=${encodeURIComponent(stream)}`;
      link.textContent = name;
      id.className = "id";
      id.textContent = stream;
      item.append(link, id);
      return item;
    }),
  );
}
