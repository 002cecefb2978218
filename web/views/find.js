// Where is a place free?

import { serviceChoice } from '../parts/choice.js';
import { el, say } from '../parts/dom.js';
import { freshness } from '../parts/fresh.js';
import { nearChoice, nearNow, rounded } from '../parts/near.js';
import { clinicList } from '../parts/clinic-list.js';
import { movingBar } from '../parts/moving-bar.js';
import { problemText } from '../parts/problems.js';
import { SERVICES } from '../services.js';
import { correct, toFind, toPairs } from '../route.js';
import { asking, read } from '../talk/api.js';
import { clinicsFor } from '../talk/clinics.js';
import { moving } from '../talk/moving.js';
import { watch } from '../talk/watch.js';
import { t } from '../words/language.js';
import { dateOf, dayShort, twoWeeksFrom } from '../words/times.js';

const LOOK_MS = 1_000;
const STEP = 20;
const MOST = 100;

/** @typedef {import('../talk/shapes.js').Clinic} Clinic */
/** @typedef {import('../route.js').Route} Route */

/**
 * @param {Route} route
 * @returns {import('../app.js').View}
 */
export function findView(route) {
  let service = route.service || moving()?.from.service || SERVICES[0];
  let date = route.date;
  let limit = STEP;
  let asked = '';
  /** @type {Map<string, Clinic>} */
  let clinics = new Map();
  const ending = new AbortController();
  const days = twoWeeksFrom(dateOf(Date.now(), Intl.DateTimeFormat().resolvedOptions().timeZone));

  const fresh = freshness();
  const list = clinicList();
  const note = el('p.note', { role: 'status' });
  const more = el('button.more', { type: 'button', hidden: true, onclick: showMore },
    t('find.more'));
  const near = nearChoice(begin);
  const dayChoice = el('select', { id: 'day', onchange: chooseDay },
    el('option', { value: '' }, t('find.any_day')),
    ...days.map((day) => el('option', { value: day, selected: day === date }, dayShort(day))));

  const both = el('p', { hidden: service !== SERVICES[0] },
    el('a.way', { href: toPairs('', {}) }, t('find.pairs')));

  function chooseService(/** @type {string} */ next) {
    service = next;
    learnClinics();
    begin();
  }

  function chooseDay() {
    date = dayChoice.value;
    begin();
  }

  function showMore() {
    limit = Math.min(MOST, limit + STEP);
    looking.soon();
  }

  function begin() {
    correct(toFind({ service, date }));
    both.hidden = service !== SERVICES[0];
    limit = STEP;
    asked = '';
    // Until the answer is there, what is shown is the answer to another question.
    list.wait();
    looking.soon();
  }

  async function learnClinics() {
    const found = await clinicsFor(service, ending.signal);
    if (found === null) return false;
    clinics = new Map(found.map((clinic) => [clinic.id, clinic]));
    near.offer(found);
    return true;
  }

  async function look(/** @type {AbortSignal} */ signal) {
    const path = question();
    const [answer, isKnown] = await Promise.all([
      read(path, { signal }),
      clinics.size > 0 || learnClinics(),
    ]);
    const { status, body, asOf, code, changed } = answer;
    if (signal.aborted || path !== question()) return true;
    fresh.show(asOf, code);
    if (status !== 200) {
      if (asked === '') say(note, problemText(code));
      return false;
    }
    if (changed || asked !== path) show(body);
    asked = path;
    return isKnown;
  }

  function question() {
    const [first, last] = [days[0], days[days.length - 1]];
    const { point = null, clinic } = nearNow() ?? {};
    const place = point === null ? { clinic } : { near: rounded(point) };
    return asking('/availability', { service, from: first, to: last, ...place, limit });
  }

  /** @param {{ clinics: import('../talk/shapes.js').ClinicDays[], cursor: string | null }} body */
  function show(body) {
    list.show(body.clinics, { clinics, service, date, days, from: nearNow()?.point ?? null });
    more.hidden = body.cursor === null || limit >= MOST;
    if (body.clinics.length === 0) say(note, t('find.nobody'));
    else if (body.cursor !== null && limit >= MOST) say(note, t('find.most', { n: MOST }));
    else say(note, '');
  }

  const element = el('div', {},
    el('h1', { tabindex: '-1' }, t('find.title')),
    movingBar(),
    el('form.filters', { onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
      serviceChoice(service, chooseService), near.element,
      el('div.field', {}, el('label', { for: 'day' }, t('find.day')), dayChoice)),
    both,
    el('section', { 'aria-labelledby': 'clinics-title' },
      el('div.list-head', {}, el('h2', { id: 'clinics-title' }, t('find.clinics')), fresh.element),
      list.element, note, more));
  const looking = watch(look, { everyMs: LOOK_MS });
  return {
    title: t('find.title'),
    element,
    stop() {
      ending.abort();
      looking.stop();
    },
  };
}
