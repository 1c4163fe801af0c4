// The state of the page, all of which stands in the address after the #, so that a link brings it back.

const PATIENCE = 400; // milliseconds: browsers refuse addresses that change too often
let current = parse();
let timer = null;
const listeners = [];

function parse() {
  return Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
}

function format(state) {
  const text = new URLSearchParams(state).toString();
  return text ? `#${text}` : location.pathname + location.search;
}

/** Write to the address what has changed since. */
export function flush() {
  clearTimeout(timer);
  timer = null;
  if (location.hash.slice(1) !== new URLSearchParams(current).toString())
    history.replaceState(null, "", format(current));
}

/**
 * Change some of the state; null takes a thing out of it. With `push` the browser's back button undoes it, otherwise it
 * belongs to the step before, as the moves of a slider do.
 */
export function change(changes, { push = false } = {}) {
  const next = { ...current, ...changes };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete next[name];
    else next[name] = String(value);
  }
  if (push) {
    flush();
    current = next;
    history.pushState(null, "", format(next));
  } else {
    current = next;
    timer ??= setTimeout(flush, PATIENCE);
  }
  notify();
}

/** The address of a state. */
export function address(state) {
  return `#${new URLSearchParams(state)}`;
}

/** Call a function with the state, now and whenever it changes. */
export function listen(listener) {
  listeners.push(listener);
  listener(current);
}

function notify() {
  for (const listener of listeners) listener(current);
}

function follow() {
  clearTimeout(timer);
  timer = null;
  current = parse();
  notify();
}

addEventListener("popstate", follow);
addEventListener("pagehide", flush);
