// How was the draw made, and how does somebody see that it was a fair one?

import { checkDraw } from '../talk/draw.js';
import { t } from '../words/language.js';
import { el, fill, named, say } from './dom.js';

/** @typedef {import('../talk/line.js').Seen} Seen */

/**
 * What was told before the draw, what was told after, and a button that holds one beside the other.
 * @returns {{ element: HTMLElement, show: (seen: Seen) => void }}
 */
export function drawPane() {
  const facts = el('div.stack');
  const result = el('p.note', { role: 'status' });
  const check = el('button', { type: 'button', hidden: true, onclick: compare }, t('draw.check'));
  const element = el('details.draw', {},
    el('summary', {}, t('draw.title')),
    el('div.stack', {}, el('p', {}, t('draw.how')), facts, check, result));
  /** @type {Seen | null} */
  let last = null;
  let told = '';

  async function compare() {
    if (last === null || last.mine?.place == null || last.room.seed === null) return;
    const { owner: person, campaign, place, seed_hash } = last.mine;
    say(result, t('draw.checking'));
    const found = await checkDraw({ campaign, person, place, seed_hash, seed: last.room.seed });
    say(result, t(`draw.${found}`));
  }

  /** @param {Seen} seen */
  function show(seen) {
    last = seen;
    const { room, mine } = seen;
    const early = room.early ?? 0;
    const wasDrawn = mine?.place != null && mine.place <= early;
    check.hidden = room.seed === null || !wasDrawn;
    const key = `${room.seed} ${room.early} ${mine?.place} ${mine?.seed_hash}`;
    if (key === told) return;
    told = key;
    fill(facts,
      fact('draw.hash', mine?.seed_hash ?? room.seed_hash),
      room.seed !== null && fact('draw.seed', room.seed),
      room.early !== null && el('p', {}, t('draw.early', { n: room.early })),
      mine?.place != null && !wasDrawn && room.early !== null && el('p', {}, t('draw.late')),
      mine !== null && room.seed !== null && el('p.hint', {}, t('draw.by_hand'), ' ',
        named('code', command(mine))));
  }

  return { element, show };
}

/**
 * @param {string} name
 * @param {string} value
 */
function fact(name, value) {
  return el('p', {}, t(name), ' ', named('code.long', value));
}

/** @param {{ campaign: string, owner: string, seed_hash: string }} mine */
function command({ campaign, owner, seed_hash }) {
  return `python -m talon verify-draw ${campaign} --seed-hash ${seed_hash} --person ${owner}`;
}
