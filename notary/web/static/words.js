// The sentences the server put into the page, filled in.

// Shown until now: the scripts run.
document.getElementById("no-script").hidden = true;

export const words = JSON.parse(document.getElementById("words").textContent);

export const fill = (text, values) =>
  text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));

/** A size as people say it, such as "3.4 MB". */
export function sizeText(bytes) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  let size = bytes;
  for (; size >= 1000 && unit < units.length - 1; unit += 1) size /= 1000;
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}

/** A size to the byte, since evidence is compared to the byte. */
export const bytesText = (bytes) =>
  fill(words.bytes, { count: bytes.toLocaleString(words.lang) });

/** A time of the notary in the zone readers of the language expect, never cut to the second. */
export function momentText(iso) {
  const time = new Date(iso);
  if (words.lang.startsWith("zh")) time.setUTCHours(time.getUTCHours() + 8);
  return fill(words.moment, { time: time.toISOString().slice(0, -1).replace("T", " ") });
}

/** What a refusal means for the reader and what to do next. */
export function problemText(problem) {
  const text = words.problems[problem.code] ?? words.problems.other;
  return fill(text, { detail: problem.detail ?? problem.title ?? "" });
}
