// What of which campaign is looked for, near what, and when?

import { clinicsFor } from '../talk/clinics.js';
import { t } from '../words/language.js';
import { clock, dateOf, dayLong, dayShort, twoWeeksFrom } from '../words/times.js';
import { el, say } from './dom.js';
import { nearChoice, nearNow, rounded } from './near.js';

/** @typedef {import('../talk/campaigns.js').Campaign} Campaign */

/**
 * The fields by which a pair of doses is looked for.
 * @param {Campaign[]} campaigns
 * @param {import('../route.js').Route} route
 * @param {() => void} onChange
 */
export function pairFields(campaigns, route, onChange) {
  const ending = new AbortController();
  const days = twoWeeksFrom(dateOf(Date.now(), Intl.DateTimeFormat().resolvedOptions().timeZone));
  let campaign = campaigns.find(({ id }) => id === route.campaign) ?? campaigns[0];
  const rule = el('p.hint', { id: 'campaign-rule' });
  const which = el('select', {
    id: 'campaign', 'aria-describedby': 'campaign-rule', translate: 'no', onchange: pick,
  }, ...campaigns.map((one, nth) =>
    el('option', { value: `${nth}`, selected: one === campaign }, one.name)));
  const product = el('input', {
    id: 'product', type: 'text', value: route.product, autocomplete: 'off', maxlength: 200,
    'aria-describedby': 'product-hint', onchange: onChange,
  });
  const day = el('select', { id: 'day', onchange: onChange },
    el('option', { value: '' }, t('find.any_day')),
    ...days.map((one) =>
      el('option', { value: one, selected: one === route.date }, dayShort(one))));
  const together = el('input', { type: 'checkbox', id: 'together', onchange: onChange });
  const near = nearChoice(onChange);

  function pick() {
    campaign = campaigns[Number(which.value)] ?? campaigns[0];
    explain();
    onChange();
  }

  async function explain() {
    say(rule, ruleOf(campaign));
    const found = await clinicsFor(campaign.service, ending.signal);
    if (found !== null) near.offer(found);
  }

  /** What Talon is asked; null until it is said near what. */
  function wish() {
    const place = nearNow();
    if (place === null) return null;
    const where = place.point === null ? { clinic: place.clinic } : { near: rounded(place.point) };
    const { service, min_days, max_days } = campaign;
    return {
      service, product: product.value.trim(), min_days, max_days, ...where,
      ...(day.value && { from: day.value, to: day.value }),
      ...(together.checked && { same_clinic: 'true' }),
    };
  }

  explain();
  return {
    element: el('form.pair-fields', {
      onsubmit: (/** @type {Event} */ event) => event.preventDefault(),
    },
    field('campaign', t('pairs.campaign'), which, rule),
    near.element,
    field('day', t('pairs.day'), day),
    field('product', t('pairs.product'), product,
      el('p.hint', { id: 'product-hint' }, t('pairs.product_hint'))),
    el('label.person', {}, together, el('span', {}, t('pairs.together')))),
    now: () => ({ campaign, product: product.value.trim(), date: day.value }),
    wish,
    stop: () => ending.abort(),
  };
}

/**
 * @param {string} id
 * @param {string} label
 * @param {...HTMLElement} parts
 */
function field(id, label, ...parts) {
  return el('div.field', {}, el('label', { for: id }, label), ...parts);
}

/** @param {Campaign} campaign */
function ruleOf({ min_days, max_days, opens_at }) {
  const rule = min_days === max_days
    ? t('pairs.rule_exact', { n: min_days }) : t('pairs.rule', { from: min_days, n: max_days });
  if (Date.parse(opens_at) <= Date.now()) return rule;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const [day, time] = [dayLong(dateOf(opens_at, zone)), clock(opens_at, zone)];
  return `${rule} ${t('pairs.opens', { day, time })}`;
}
