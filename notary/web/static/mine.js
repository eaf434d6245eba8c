// The list of deposits made in this browser, kept in it alone. Without storage there is no list.

const KEY = "zhenglian-deposits";
const MOST = 100;

/** Deposits as {stream, name, at}, newest first. */
export function mine() {
  try {
    const list = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(list) ? list : [];
  } catch {
    return []; // Storage is switched off, or holds what another program wrote.
  }
}

export function remember(deposit) {
  store([deposit, ...mine()].slice(0, MOST));
}

export function forget() {
  store([]);
}

function store(list) {
  try {
    localStorage.setItem(KEY, JSON.stringify(list));
  } catch {
    // Storage is switched off or full: the deposit is made all the same, its page shows its id.
  }
}
