// How does the page hear at once of what changed for whoever is signed in?

import { BASE } from './api.js';
import { backoff, pause } from './pauses.js';
import { bearer, expire } from './session.js';
import { eventsOf } from './stream.js';

const AGAIN = { firstMs: 500, mostMs: 30_000 };
const SILENCE_MS_MAX = 40_000;
const HIDDEN_MS = 30_000;

/**
 * Follow the person's own changes, from where it was left, until stopped. A tab that nobody looks
 * at lets go of its connection, since a browser has few of them for all tabs.
 * @param {{ onEvent: () => void, onState: (isLive: boolean) => void }} listener
 * @returns {() => void} stops it
 */
export function followLive({ onEvent, onState }) {
  const ending = new AbortController();
  let lastId = '';

  async function follow() {
    let failures = 0;
    while (!ending.signal.aborted) {
      await untilSeen(ending.signal);
      const heard = await once(ending.signal, lastId, {
        onOpen: () => onState(true),
        onEvent(id) {
          lastId = id || lastId;
          onEvent();
        },
      });
      if (ending.signal.aborted) return;
      onState(false);
      failures = heard ? 1 : failures + 1;
      await pause(backoff(failures, AGAIN), ending.signal);
    }
  }

  follow();
  return () => ending.abort();
}

/**
 * One connection, for as long as it lasts. True where it was a stream at all.
 * @param {AbortSignal} ending
 * @param {string} lastId
 * @param {{ onOpen: () => void, onEvent: (id: string) => void }} listener
 */
async function once(ending, lastId, { onOpen, onEvent }) {
  const closing = new AbortController();
  const close = () => closing.abort();
  const unwatch = closeWhenHidden(close);
  let silence = setTimeout(close, SILENCE_MS_MAX);
  try {
    const response = await fetch(`${BASE}/live`, {
      headers: headers(lastId),
      cache: 'no-store',
      signal: AbortSignal.any([ending, closing.signal]),
    });
    if (response.status === 401) expire();
    if (!response.ok || response.body === null || !isStream(response)) return false;
    onOpen();
    for await (const event of eventsOf(response.body)) {
      clearTimeout(silence);
      silence = setTimeout(close, SILENCE_MS_MAX);
      if (event.data !== '') onEvent(event.id);
    }
    return true;
  } catch {
    return closing.signal.aborted;
  } finally {
    clearTimeout(silence);
    unwatch();
  }
}

/** @param {Response} response */
function isStream(response) {
  return (response.headers.get('Content-Type') ?? '').startsWith('text/event-stream');
}

/** @param {string} lastId */
function headers(lastId) {
  const said = new Headers({ Accept: 'text/event-stream', Authorization: `Bearer ${bearer()}` });
  if (lastId !== '') said.set('Last-Event-ID', lastId);
  return said;
}

/** @param {() => void} close */
function closeWhenHidden(close) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const look = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(close, HIDDEN_MS);
  };
  document.addEventListener('visibilitychange', look);
  return () => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', look);
  };
}

/**
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function untilSeen(signal) {
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener('visibilitychange', look);
      signal.removeEventListener('abort', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look);
    look();
  });
}
