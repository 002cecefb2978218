// How is a person told how their wish stands?

import { mayBeDismissed } from '../talk/wishes.js';
import { has, t } from '../words/language.js';
import { refusalText } from './problems.js';

/** @typedef {import('../talk/wishes.js').Wish} Wish */
/** @typedef {'waiting' | 'good' | 'bad' | 'unsure'} Tone */

/**
 * What is said about the wish now, and in which tone.
 * @param {Wish} wish
 * @returns {{ tone: Tone, title: string, text: string }}
 */
export function standing(wish) {
  if (wish.stage === 'done') {
    return { tone: 'good', title: t(`done.${wish.kind}`), text: t(`done.${wish.kind}.text`) };
  }
  if (wish.stage === 'refused') {
    return { tone: 'bad', title: t(`refused.${wish.kind}`), text: refusalText(wish.answer) };
  }
  if (wish.stage === 'stuck') {
    const isSafe = mayBeDismissed(wish);
    const text = isSafe ? t('stuck.nothing_changed') : t(`stuck.${wish.trouble}.text`);
    return { tone: isSafe ? 'bad' : 'unsure', title: t(`stuck.${wish.trouble}`), text };
  }
  const detail = `wish.${wish.stage}.text`;
  return { tone: 'waiting', title: t(`wish.${wish.stage}`), text: has(detail) ? t(detail) : '' };
}
