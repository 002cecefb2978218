// How many places are free in a slot, while somebody decides whether to take one?

import { el, say, set } from '../parts/dom.js';
import { freshness } from '../parts/fresh.js';
import { isFree } from '../parts/times.js';
import { read } from '../talk/api.js';
import { watch } from '../talk/watch.js';
import { t } from '../words/language.js';

const LOOK_MS = 1_000;

/** @typedef {import('../talk/shapes.js').Slot} Slot */

/**
 * A line that says it, as of when, and is read again each second.
 * @param {Slot} slot
 * @param {() => void} onChange
 * @returns {{ element: HTMLElement, free: () => number, stop: () => void }}
 */
export function freeNow(slot, onChange) {
  const words = el('p.free-now', { role: 'status' });
  const fresh = freshness();
  let now = slot;
  const free = () => (isFree(now) ? now.free : 0);

  function show() {
    say(words, free() > 0 ? t('slot.free_now', { n: free() }) : t('slot.full_now'));
    set(words, 'data-free', free() > 0);
  }

  async function look(/** @type {AbortSignal} */ signal) {
    const { status, body, asOf, code } = await read(`/slots/${slot.id}`, { signal });
    if (signal.aborted) return true;
    fresh.show(asOf, code);
    if (status !== 200) return false;
    now = body;
    show();
    onChange();
    return true;
  }

  show();
  const looking = watch(look, { everyMs: LOOK_MS });
  const element = el('div.live-line', {}, words, fresh.element);
  return { element, free, stop: looking.stop };
}
