// Hashes one file by one algorithm, off the page's own thread; nothing is sent anywhere.
import { sha256, sm3 } from "./digest.js";

const PIECE_BYTES = 4 * 2 ** 20;

self.addEventListener("message", async ({ data: { file, algorithm } }) => {
  const digest = { sha256, sm3 }[algorithm]();
  try {
    for (let at = 0; at < file.size; at += PIECE_BYTES) {
      digest.update(new Uint8Array(await file.slice(at, at + PIECE_BYTES).arrayBuffer()));
      self.postMessage({ done: Math.min(at + PIECE_BYTES, file.size) });
    }
    self.postMessage({ digest: `${algorithm}:${digest.finish()}` });
  } catch {
    // Moved, changed or locked meanwhile: the browser does not say which.
    self.postMessage({ unreadable: true });
  }
});
