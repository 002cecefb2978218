// For how long is something kept still?

import { t } from '../words/language.js';
import { timeLeft } from '../words/times.js';
import { el, say } from './dom.js';

const TICK_MS = 1_000;

/**
 * A line that says it, until it is over or gone from the page. It is not told each second.
 * @param {number} until by this device's clock (ms)
 * @returns {HTMLElement}
 */
export function countdown(until) {
  const line = el('p.kept');
  let wasShown = false;

  function show() {
    const isOver = until <= Date.now();
    say(line, isOver ? t('hold.over') : t('hold.kept', { time: timeLeft(until) }));
    if (isOver || (wasShown && !line.isConnected)) clearInterval(ticking);
    wasShown ||= line.isConnected;
  }

  const ticking = setInterval(show, TICK_MS);
  show();
  return line;
}
