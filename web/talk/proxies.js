// Who acts for whoever is signed in, and who would like to?

import { ask } from './api.js';

const PATH = '/me/proxies';

/**
 * Read them, the newest first.
 * @param {AbortSignal} [signal]
 */
export function readProxies(signal) {
  return ask(PATH, { personal: true, signal });
}

/**
 * Agree to the words of this version, or do not, or not any more.
 * @param {import('./shapes.js').Proxy} proxy
 * @param {boolean} given
 * @param {number} version
 */
export function answerProxy({ id }, given, version) {
  const body = { given, version };
  return ask(`${PATH}/${id}`, { method: 'PUT', personal: true, body });
}
