// What is told to whoever cannot see a change?

const QUIET_MS = 4_000;

/** @type {string[]} */
const waiting = [];
let spokeAt = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * Tell a change politely. Of many in a row only the last is told: a rush must not talk for ever.
 * @param {string} text
 */
export function announce(text) {
  waiting.splice(0, waiting.length, text);
  clearTimeout(timer);
  timer = setTimeout(speak, Math.max(0, spokeAt + QUIET_MS - Date.now()));
}

function speak() {
  const region = document.querySelector('#announcements');
  const text = waiting.pop();
  if (region === null || text === undefined) return;
  spokeAt = Date.now();
  region.textContent = text;
}
