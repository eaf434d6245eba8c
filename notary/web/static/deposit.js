// The state of one deposit: asks the notary again and again, ever more slowly, until it is anchored.
import { mine } from "./mine.js";
import { bytesText, momentText, problemText, words } from "./words.js";

const STATES = ["acknowledged", "logged", "timestamped", "anchored"];
const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 5000;

const $ = (id) => document.getElementById(id);
const stream = $("deposit").dataset.stream;
const address = `/v1/deposits/${encodeURIComponent(stream)}`;

say(words.asking);
follow();

async function follow() {
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 1.5, LONGEST_WAIT_MS)) {
    const answer = await ask();
    if (answer?.problem) return say(answer.problem, "failed");
    if (answer) show(answer);
    else say(words.offline, "indeterminate");
    if (answer?.state === "anchored") return undefined;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** The deposit, a problem to show, or null where asking again may help. */
async function ask() {
  try {
    const response = await fetch(address, { cache: "no-store" });
    if (response.ok) return await response.json();
    if (response.status >= 500) return null;
    return { problem: problemText(await response.json()) };
  } catch {
    return null; // No answer, or none that can be read.
  }
}

function show(deposit) {
  const anchored = deposit.state === "anchored";
  say(words[`state_${deposit.state}`], anchored ? "passed" : "running");
  $("deposit").hidden = false;
  const reached = STATES.indexOf(deposit.state) + (anchored ? 1 : 0);
  document.querySelectorAll("[data-step]").forEach((item, step) => {
    const state = step <= reached ? "done" : step === reached + 1 ? "running" : "to_come";
    item.className = state;
    item.querySelector(".symbol").textContent = { done: "✓", running: "…", to_come: "○" }[state];
    item.querySelector(".word").textContent = words[state];
  });
  const [sha256, sm3] = deposit.exhibit.digests;
  row("stream", deposit.stream);
  row("file_name", mine().find((own) => own.stream === stream)?.name ?? null);
  row("size", bytesText(deposit.exhibit.size_bytes));
  row("sha256", sha256.replace("sha256:", ""));
  row("sm3", sm3.replace("sm3:", ""));
  row("recorded_mode", words[`mode_${deposit.mode}`]);
  row("recorded_at", momentText(deposit.entries[0].recorded_at));
  row("existed_by", deposit.existed_by ? momentText(deposit.existed_by) : words.pending);
  $("bundle").hidden = !anchored;
  if (anchored) $("bundle").href = `${address}/bundle`;
}

function row(name, text) {
  const shown = document.querySelector(`[data-row="${name}"]`);
  shown.hidden = text === null;
  const value = shown.querySelector("dd");
  if (text !== null && value.textContent !== text) value.textContent = text;
}

/** Changes the sentence only when it changes, so that a screen reader says it once. */
function say(sentence, outcome = "running") {
  if ($("state").textContent !== sentence) $("state").textContent = sentence;
  $("state").className = `conclusion ${outcome}`;
}
