// How does whoever is signed in wish to be told, and how is that changed?

import { ask } from './api.js';

const PATH = '/me/preferences';

/** @typedef {import('./shapes.js').Preferences} Preferences */
/** @typedef {import('./api.js').Answer} Answer */

/**
 * Read what holds.
 * @param {AbortSignal} [signal]
 */
export function readPreferences(signal) {
  return ask(PATH, { personal: true, signal });
}

/**
 * From now on it is so, unless something else holds than what was seen: then nothing is changed.
 * @param {Preferences} seen
 * @param {Pick<Preferences, 'language' | 'channels' | 'quiet' | 'declined' | 'consent'>} wishes
 */
export function keepPreferences(seen, wishes) {
  const body = { ...wishes, version: seen.version };
  return ask(PATH, { method: 'PUT', personal: true, body });
}
