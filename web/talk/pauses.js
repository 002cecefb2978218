// How long is waited before the same thing is asked again?

const JITTER = 0.4;

/**
 * Twice as long after each failure, up to a limit; and never in step with everybody else.
 * @param {number} failures how often in a row it has failed, from 1 on
 * @param {{ firstMs: number, mostMs: number }} limits
 */
export function backoff(failures, { firstMs, mostMs }) {
  const steady = Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return scattered(steady);
}

/**
 * Up to two fifths shorter, by chance.
 * @param {number} ms
 */
export function scattered(ms) {
  return ms * (1 - JITTER * Math.random());
}

/**
 * Wait so long, or until the browser is online again, or until it does not matter any more.
 * @param {number} ms
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export function pause(ms, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener('online', done);
    signal?.addEventListener('abort', done);
  });
}
