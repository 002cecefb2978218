// What is a person told when something is not as they wished?

import { has, spoken, t } from '../words/language.js';

/** The referee's reasons, as a booking keeps them, under the codes by which they are answered. */
const REASONS = {
  full: 'slot_full',
  closed: 'slot_closed',
  not_open: 'campaign_not_open',
  started: 'slot_started',
  too_late: 'slot_cut_off',
  not_over: 'visit_not_over',
  claim_taken: 'already_booked',
  other_dose: 'slot_for_other_dose',
  interval_broken: 'interval_broken',
  expired: 'expired',
  unknown: 'slot_unknown',
  hold_gone: 'hold_gone',
  too_many_held: 'too_many_held',
  renewed_before: 'hold_renewed_before',
  key_reused: 'key_reused',
};

/**
 * The words for a code; never the code itself, nor what a program said about it.
 * @param {string} code
 */
export function problemText(code) {
  return has(`problem.${code}`) ? t(`problem.${code}`) : t('problem.other');
}

/** What is not asked again by itself, though it may be asked again. */
const UNHEARD = ['offline', 'timeout', 'unavailable', 'too_many_requests'];

/**
 * The same for what somebody asked for by a button, which they may press again.
 * @param {string} code
 */
export function onceMoreText(code) {
  return UNHEARD.includes(code) ? t('problem.once_more') : problemText(code);
}

/**
 * What a rule says to whoever it keeps out, in their language; else the words for the code.
 * @param {import('../talk/api.js').Answer | undefined} answer
 */
export function refusalText(answer) {
  const { rule_title: title, what_to_do: todo } = answer?.body ?? {};
  const language = spoken();
  if (title?.[language] && todo?.[language]) return `${title[language]}. ${todo[language]}`;
  return problemText(answer?.code ?? '');
}

/**
 * The words for why a booking was refused or taken back.
 * @param {string | undefined} reason
 */
export function reasonText(reason) {
  const code = REASONS[/** @type {keyof typeof REASONS} */ (reason)] ?? 'decision_failed';
  return problemText(code);
}
