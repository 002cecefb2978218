// When is something read again while somebody looks at it?

import { backoff, scattered } from './pauses.js';

const HIDDEN_MS = 60_000;
const FAILING = { firstMs: 1_000, mostMs: 30_000 };

/**
 * Ask until there is an answer, at its pace where none comes.
 * @param {(signal: AbortSignal) => Promise<import('./api.js').Answer>} question
 * @param {(answer: import('./api.js').Answer) => void} show is shown why there is none as well
 * @returns {() => void} stops it
 */
export function untilAnswered(question, show) {
  const asking = watch(async (signal) => {
    const answer = await question(signal);
    if (signal.aborted) return true;
    const { status } = answer;
    const isAnswered = status !== 0 && status !== 429 && status < 500;
    if (isAnswered) asking.stop();
    show(answer);
    return isAnswered;
  }, { everyMs: FAILING.mostMs });
  return asking.stop;
}

/**
 * Look now, and again and again: at its pace while the page is seen, seldom while it is hidden,
 * less and less often while it fails, at once when it is seen or online again.
 * @param {(signal: AbortSignal) => Promise<boolean>} look says whether it went well
 * @param {{ everyMs: number }} pace
 * @returns {{ soon: () => void, stop: () => void }}
 */
export function watch(look, { everyMs }) {
  const ending = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let failures = 0;
  let isLooking = false;
  let isWantedAgain = false;

  async function turn() {
    clearTimeout(timer);
    isWantedAgain = isLooking;
    if (isLooking || ending.signal.aborted) return;
    isLooking = true;
    const went = await look(ending.signal);
    isLooking = false;
    failures = went ? 0 : failures + 1;
    if (!ending.signal.aborted) timer = setTimeout(turn, isWantedAgain ? 0 : next());
  }

  function next() {
    if (failures > 0) return backoff(failures, FAILING);
    return document.hidden ? scattered(HIDDEN_MS) : everyMs;
  }

  function whenSeen() {
    if (!document.hidden) turn();
  }

  document.addEventListener('visibilitychange', whenSeen);
  addEventListener('online', turn);
  turn();
  return {
    soon: turn,
    stop() {
      ending.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', whenSeen);
      removeEventListener('online', turn);
    },
  };
}
