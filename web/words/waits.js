// How is it said how long something will take, no more exactly than it is known?

import { locale, t } from './language.js';

const STEPS = [1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1_440];
const HOURS_FROM = 120;

/**
 * An interval in round numbers, never narrower than it is.
 * @param {number} low seconds
 * @param {number | null} high seconds; null while nobody knows
 */
export function waitWords(low, high) {
  const from = STEPS.findLast((step) => step * 60 <= low) ?? 0;
  const to = high === null ? null : STEPS.find((step) => step * 60 >= high) ?? null;
  if (to === null) {
    return from === 0 ? t('line.wait_unknown') : t('line.wait_from', { from: span(from) });
  }
  if (to === 1) return t('line.wait_minute');
  if (from === 0) return t('line.wait_to', { to: span(to) });
  if (from === to) return t('line.wait_about', { to: span(to) });
  return t('line.wait', { from: span(from), to: span(to) });
}

/** @param {number} minutes */
function span(minutes) {
  const isLong = minutes >= HOURS_FROM;
  const unit = isLong ? 'hour' : 'minute';
  const number = new Intl.NumberFormat(locale(), { style: 'unit', unit, unitDisplay: 'short' });
  return number.format(isLong ? minutes / 60 : minutes);
}
