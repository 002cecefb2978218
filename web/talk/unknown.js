// Of which messages does nobody know whether they were told, and how is that settled?

import { ask, asking } from './api.js';

const AT_ONCE = 20;

/**
 * Read some, the oldest first, after those that are known.
 * @param {string | null} cursor
 * @param {AbortSignal} [signal]
 */
export function readUnknown(cursor, signal) {
  return ask(asking('/messages/unknown', { limit: AT_ONCE, cursor }), { personal: true, signal });
}

/**
 * Say what became of one, and how that is known. It holds for good.
 * @param {import('./shapes.js').Unknown} message
 * @param {'delivered' | 'failed'} fate
 * @param {string} note
 */
export function settle({ event_id: id }, fate, note) {
  const body = { fate, note };
  return ask(`/messages/${id}/settle`, { method: 'POST', personal: true, body });
}
