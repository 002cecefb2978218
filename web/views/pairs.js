// Where and when are both doses of a campaign free?

import { openBooking } from '../asks/book.js';
import { announce } from '../parts/announce.js';
import { el, fill, say } from '../parts/dom.js';
import { freshness } from '../parts/fresh.js';
import { pairFields } from '../parts/pair-fields.js';
import { pairList } from '../parts/pair-list.js';
import { problemText } from '../parts/problems.js';
import { correct, toPairs } from '../route.js';
import { read } from '../talk/api.js';
import { campaignsOfTwo } from '../talk/campaigns.js';
import { clinicOf } from '../talk/clinics.js';
import { pairsFor } from '../talk/series.js';
import { watch } from '../talk/watch.js';
import { t } from '../words/language.js';

/** A search for pairs costs more than a look at a clinic; what is chosen is held at once. */
const LOOK_MS = 3_000;
const STEP = 20;
const MOST = 200;

/** @typedef {import('../talk/campaigns.js').Campaign} Campaign */
/** @typedef {import('../talk/shapes.js').Clinic} Clinic */
/** @typedef {import('../talk/series.js').Pair} Pair */
/** @typedef {import('../talk/series.js').PairDose} PairDose */
/** @typedef {import('../route.js').Route} Route */

/**
 * @param {Route} route
 * @returns {import('../app.js').View}
 */
export function pairsView(route) {
  const content = el('div', { 'aria-busy': 'true' });
  const ending = new AbortController();
  let stop = () => {};

  campaignsOfTwo(ending.signal).then(({ campaigns, code }) => {
    if (ending.signal.aborted) return;
    content.removeAttribute('aria-busy');
    if (campaigns.length === 0) {
      const said = code === '' ? t('pairs.no_campaign') : problemText(code);
      fill(content, el('p.note', { role: 'status' }, said));
      return;
    }
    const search = searchOf(campaigns, route);
    stop = search.stop;
    fill(content, search.element);
  });
  return {
    title: t('pairs.title'),
    element: el('div', {},
      el('h1', { tabindex: '-1' }, t('pairs.title')), el('p.lead', {}, t('pairs.why')), content),
    stop() {
      ending.abort();
      stop();
    },
  };
}

/**
 * What is asked for, and the pairs that can be had.
 * @param {Campaign[]} campaigns
 * @param {Route} route
 */
function searchOf(campaigns, route) {
  const fields = pairFields(campaigns, route, begin);
  const fresh = freshness();
  const list = pairList(choose);
  const note = el('p.note', { role: 'status' });
  const more = el('button.more', { type: 'button', hidden: true, onclick: showMore },
    t('pairs.more'));
  const ending = new AbortController();
  let count = STEP;
  let asked = '';

  function showMore() {
    count = Math.min(MOST, count + STEP);
    looking.soon();
  }

  function begin() {
    const { campaign, product, date } = fields.now();
    correct(toPairs(campaign.id, { product, date }));
    [count, asked] = [STEP, ''];
    // Until the answer is there, what is shown is the answer to another question.
    list.wait();
    looking.soon();
  }

  async function look(/** @type {AbortSignal} */ signal) {
    const wish = fields.wish();
    const question = JSON.stringify([wish, count]);
    if (wish === null) {
      list.show([], new Map());
      more.hidden = true;
      say(note, t('pairs.near_first'));
      return true;
    }
    const found = await pairsFor(wish, count, signal);
    const clinics = await clinicsOf(found.pairs);
    if (signal.aborted || question !== JSON.stringify([fields.wish(), count])) return true;
    fresh.show(found.asOf, found.code);
    if (found.code !== '') {
      if (asked === '') say(note, problemText(found.code));
      return false;
    }
    asked = question;
    list.show(found.pairs.filter(({ doses }) => doses.every((one) => clinics.has(one.clinic_id))),
      clinics);
    more.hidden = !found.hasMore || count >= MOST;
    say(note, found.pairs.length > 0 ? '' : t(found.hasMore ? 'pairs.none_yet' : 'pairs.none'));
    return true;
  }

  async function choose(/** @type {Pair} */ pair) {
    const { campaign } = fields.now();
    const [first, second] = await Promise.all(pair.doses.map(visitOf));
    if (ending.signal.aborted) return;
    if (first === null || second === null) announce(t('alternatives.lost'));
    else openBooking({ ...first, second, campaign });
  }

  const looking = watch(look, { everyMs: LOOK_MS });
  return {
    element: el('div', {}, fields.element,
      el('section', { 'aria-labelledby': 'pairs-title' },
        el('div.list-head', {}, el('h2', { id: 'pairs-title' }, t('pairs.found')), fresh.element),
        list.element, note, more)),
    stop() {
      ending.abort();
      fields.stop();
      looking.stop();
    },
  };
}

/**
 * The clinics of these pairs, those that are to be had.
 * @param {Pair[]} pairs
 * @returns {Promise<Map<string, Clinic>>}
 */
async function clinicsOf(pairs) {
  const ids = new Set(pairs.flatMap(({ doses }) => doses.map(({ clinic_id }) => clinic_id)));
  const found = await Promise.all([...ids].map(clinicOf));
  return new Map(found.flatMap(({ clinic }) => (clinic === null ? [] : [[clinic.id, clinic]])));
}

/**
 * One dose of a pair as it is booked; null where it is not to be had.
 * @param {PairDose} dose
 * @param {number} nth
 */
async function visitOf({ slot_id, clinic_id }, nth) {
  const [{ status, body }, { clinic }] = await Promise.all([read(`/slots/${slot_id}`),
    clinicOf(clinic_id)]);
  return status !== 200 || clinic === null ? null : { slot: { ...body, dose: nth + 1 }, clinic };
}
