// When is a place free in this clinic?

import { openBooking } from '../asks/book.js';
import { serviceChoice } from '../parts/choice.js';
import { days } from '../parts/days.js';
import { el, fill, named, say, set } from '../parts/dom.js';
import { freshness } from '../parts/fresh.js';
import { movingBar } from '../parts/moving-bar.js';
import { problemText } from '../parts/problems.js';
import { times } from '../parts/times.js';
import { correct, toClinic, toFind } from '../route.js';
import { SERVICES } from '../services.js';
import { asking, read } from '../talk/api.js';
import { clinicOf } from '../talk/clinics.js';
import { followHolds } from '../talk/holds.js';
import { watch } from '../talk/watch.js';
import { t } from '../words/language.js';
import { capital, dateOf, dayLong, twoWeeksFrom, zoneNote } from '../words/times.js';

const LOOK_MS = 1_000;
const PAGE = 100;
const PAGES_MAX = 5;

/** @typedef {import('../talk/shapes.js').Clinic} Clinic */
/** @typedef {import('../talk/shapes.js').ClinicDay} ClinicDay */
/** @typedef {import('../talk/shapes.js').Slot} Slot */
/** @typedef {import('../route.js').Route} Route */

/**
 * @param {Route} route
 * @returns {import('../app.js').View}
 */
export function clinicView(route) {
  const back = el('a', { href: toFind({ service: route.service, date: route.date }) },
    t('clinic.back'));
  const heading = el('h1', { tabindex: '-1', translate: 'no' }, '\u00a0');
  const content = el('div', { 'aria-busy': 'true' });
  const element = el('div', {}, el('p.back', {}, back), heading, content);
  let stop = () => {};
  let isOver = false;

  clinicOf(route.clinic).then(({ clinic, code }) => {
    if (isOver) return;
    content.removeAttribute('aria-busy');
    if (clinic === null) {
      set(heading, 'translate', null);
      say(heading, t('clinic.lost'));
      fill(content, el('p.note', { role: 'alert' }, problemText(code)));
      return;
    }
    say(heading, clinic.name);
    document.title = `${clinic.name} · ${t('name')}`;
    const calendar = calendarOf(clinic, route, back);
    stop = calendar.stop;
    fill(content, calendar.element);
  });
  return {
    title: t('clinic.title'),
    element,
    stop() {
      isOver = true;
      stop();
    },
  };
}

/**
 * The clinic's two weeks, and the times of the day that is chosen.
 * @param {Clinic} clinic
 * @param {Route} route
 * @param {HTMLAnchorElement} back
 */
function calendarOf(clinic, route, back) {
  const zone = clinic.time_zone;
  const fortnight = twoWeeksFrom(dateOf(Date.now(), zone));
  let service = route.service || SERVICES[0];
  let date = fortnight.includes(route.date) ? route.date : '';
  /** @type {ClinicDay[] | null} */
  let open = null;
  /** @type {Map<string, import('../talk/holds.js').Hold>} */
  let held = new Map();

  const fresh = freshness();
  const dayTitle = el('time', {}, '\u00a0');
  const note = el('p.note', { role: 'status' });
  const dayChoice = days(chooseDay);
  const choose = (/** @type {Slot} */ slot) =>
    openBooking({ slot, clinic, hold: held.get(slot.id) });
  let dayTimes = times(zone, choose);
  const room = el('div.room', { 'aria-busy': 'true' }, dayTimes.element);

  function chooseService(/** @type {string} */ next) {
    service = next;
    open = null;
    date = '';
    begin();
    lookingAtDays.soon();
  }

  function chooseDay(/** @type {string} */ next) {
    date = next;
    begin();
  }

  /** What was seen of another day or service is no news of this one. */
  function begin() {
    correct(toClinic(clinic.id, { service, date }));
    back.hash = toFind({ service, date });
    dayChoice.show(fortnight, open, date);
    dayTimes = times(zone, choose);
    fill(room, dayTimes.element);
    say(note, '');
    say(dayTitle, date === '' ? '\u00a0' : capital(dayLong(date)));
    if (date !== '') lookingAtTimes.soon();
  }

  async function lookAtDays(/** @type {AbortSignal} */ signal) {
    const asked = service;
    const [from, to] = [fortnight[0], fortnight[fortnight.length - 1]];
    const path = asking('/availability', { service, from, to, clinic: clinic.id });
    const { status, body } = await read(path, { signal });
    if (signal.aborted || asked !== service) return true;
    if (status !== 200) return false;
    open = body.clinics[0]?.days ?? [];
    if (date === '') chooseDay(open?.find((day) => day.free > 0)?.date ?? fortnight[0]);
    dayChoice.show(fortnight, open, date);
    return true;
  }

  async function lookAtTimes(/** @type {AbortSignal} */ signal) {
    if (date === '') return true;
    const asked = { clinic: clinic.id, date, service };
    const { slots, asOf, code } = await slotsOf(asked, signal);
    if (signal.aborted || asked.date !== date || asked.service !== service) return true;
    fresh.show(asOf, code);
    if (code !== '') {
      if (room.hasAttribute('aria-busy')) say(note, problemText(code));
      return false;
    }
    const now = Date.parse(asOf) || Date.now();
    const coming = slots.filter((slot) => Date.parse(slot.starts_at) > now);
    dayTimes.show(coming, held);
    set(room, 'aria-busy', null);
    say(note, coming.length === 0 ? t('times.none') : '');
    return true;
  }

  const noon = `${fortnight[0]}T12:00:00Z`;
  const zoneSaid = zoneNote(noon, zone);
  const choice = el('div.stack', {}, serviceChoice(service, chooseService),
    el('h2.label', {}, t('days.title')), dayChoice.element);
  const head = el('div.list-head', {}, el('h2', { id: 'day-title' }, dayTitle), fresh.element);
  const element = el('div', {},
    el('p.where', {}, named('span', clinic.address || clinic.district),
      zoneSaid && el('span.hint.zone', {}, zoneSaid)),
    movingBar(),
    el('div.two', {}, choice, el('section', { 'aria-labelledby': 'day-title' }, head, room, note)));
  dayChoice.show(fortnight, null, date);
  const lookingAtTimes = watch(lookAtTimes, { everyMs: LOOK_MS });
  const lookingAtDays = watch(lookAtDays, { everyMs: LOOK_MS });
  const stopHolds = followHolds((holds) => {
    held = holds;
  });
  if (date !== '') begin();
  return {
    element,
    stop() {
      stopHolds();
      lookingAtDays.stop();
      lookingAtTimes.stop();
    },
  };
}

/**
 * All slots of a day, up to 500.
 * @param {{ clinic: string, date: string, service: string }} asked
 * @param {AbortSignal} signal
 */
async function slotsOf(asked, signal) {
  /** @type {Slot[]} */
  const slots = [];
  let [cursor, asOf] = [/** @type {string | undefined} */ (undefined), ''];
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await read(asking('/slots', { ...asked, limit: PAGE, cursor }), { signal });
    if (answer.status !== 200) return { slots, asOf: '', code: answer.code };
    // Of several answers, the oldest says as of when all of them are so.
    asOf = asOf === '' || answer.asOf < asOf ? answer.asOf : asOf;
    slots.push(...answer.body.slots);
    cursor = answer.body.cursor ?? undefined;
    if (cursor === undefined) break;
  }
  return { slots, asOf, code: '' };
}
