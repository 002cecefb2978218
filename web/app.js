// What is plugged into what, and which view is shown?

import { dock } from './frame/dock.js';
import { head } from './frame/head.js';
import { fill, say } from './parts/dom.js';
import { routeOf } from './route.js';
import * as device from './talk/device.js';
import * as session from './talk/session.js';
import * as wishes from './talk/wishes.js';
import { bookingsView } from './views/bookings.js';
import { clinicView } from './views/clinic.js';
import { comingView } from './views/coming.js';
import { contactsView } from './views/contacts.js';
import { findView } from './views/find.js';
import { lineView } from './views/line.js';
import { linkView } from './views/link.js';
import { messagesView } from './views/messages.js';
import { nowhereView } from './views/nowhere.js';
import { otherTimeView } from './views/other-time.js';
import { pairsView } from './views/pairs.js';
import { signInView } from './views/sign-in.js';
import { stopView } from './views/stop.js';
import { toldView } from './views/told.js';
import { unknownView } from './views/unknown.js';
import { visitView } from './views/visit.js';
import { preferred, remember, speak, t } from './words/language.js';

/** @typedef {import('./route.js').Route} Route */
/** @typedef {{ title: string, element: HTMLElement, stop: () => void }} View */

/** @type {Record<Route['view'], (route: Route) => View>} */
const VIEWS = {
  find: findView,
  clinic: clinicView,
  pairs: pairsView,
  bookings: bookingsView,
  messages: messagesView,
  contacts: contactsView,
  told: toldView,
  unknown: unknownView,
  line: lineView,
  link: linkView,
  visit: visitView,
  coming: comingView,
  time: otherTimeView,
  stop: stopView,
  nowhere: nowhereView,
};
const PERSONAL = ['bookings', 'messages', 'contacts', 'told', 'unknown'];

const main = /** @type {HTMLElement} */ (document.querySelector('main'));
/** @type {View | undefined} */
let shown;

session.begin();
await speak(preferred());
wishes.begin();
const header = head(changeLanguage);
const foot = dock();
fill(/** @type {Element} */ (document.querySelector('header')), header.element);
fill(/** @type {Element} */ (document.querySelector('#dock')), foot.element);
show();

addEventListener('hashchange', () => {
  session.takeFromAddress();
  // A dialog belongs to the view that opened it.
  document.querySelector('dialog')?.close();
  show();
  // Whoever cannot see the page learns by the focus that it is another one.
  main.querySelector('h1')?.focus();
  scrollTo(0, 0);
});
session.onSession(() => {
  if (PERSONAL.includes(routeOf(location.hash).view)) show();
});

// Whoever leaves a device that others use is told nothing there any more.
session.onSession(() => {
  if (session.whoIsHere() === null && !session.hasExpired()) device.forget();
});
device.onOpened((address) => { location.hash = address; });

document.querySelector('.skip')?.addEventListener('click', (event) => {
  // Its address would ask for another view; the heading is where the content begins.
  event.preventDefault();
  main.querySelector('h1')?.focus();
});

function show() {
  const route = routeOf(location.hash);
  shown?.stop();
  const mustSignIn = PERSONAL.includes(route.view) && session.whoIsHere() === null;
  shown = mustSignIn ? signInView() : VIEWS[route.view](route);
  fill(main, shown.element);
  document.title = `${shown.title} · ${t('name')}`;
  header.show(route.view);
  say(/** @type {Element} */ (document.querySelector('.skip')), t('nav.skip'));
  say(/** @type {Element} */ (document.querySelector('footer p')), t('foot'));
}

/** @param {import('./words/language.js').Language} language */
async function changeLanguage(language) {
  remember(language);
  await speak(language);
  show();
  foot.show();
}
