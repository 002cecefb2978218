// Who acts for somebody, and do they agree to it?

import { answerProxy, readProxies } from '../talk/proxies.js';
import { untilAnswered } from '../talk/watch.js';
import { t } from '../words/language.js';
import { moment } from '../words/times.js';
import { el, fill, named, say, set } from './dom.js';
import { onceMoreText, problemText } from './problems.js';

const ID_DIGITS = 6;

/** @typedef {import('../talk/shapes.js').Proxy} Proxy */

/**
 * A pane with everybody who acts for whoever is signed in, or asks to.
 * @returns {{ element: HTMLElement, stop: () => void }}
 */
export function proxiesPane() {
  const said = el('p.note', { role: 'status' });
  const list = el('ul.proxies');
  const none = el('p', { hidden: true }, t('proxies.none'));
  const title = el('h2', { id: 'proxies-title', tabindex: '-1' }, t('proxies.title'));
  const element = el('section.pane.stack', { 'aria-labelledby': 'proxies-title' },
    title, el('p.hint', {}, t('proxies.why')), none, list, said);
  let newest = 0;
  let isAsking = false;

  function show(/** @type {import('../talk/api.js').Answer} */ { status, body, code }) {
    tell(status === 200 ? '' : problemText(code), 'bad');
    if (status !== 200) return;
    newest = body.newest;
    const known = body.proxies.filter((/** @type {Proxy} */ { state }) => state !== 'withdrawn');
    none.hidden = known.length > 0;
    fill(list, ...known.map(row));
  }

  /** @param {Proxy} proxy */
  function row(proxy) {
    const who = proxy.name ?? t('proxies.number', { number: proxy.proxy_id.slice(-ID_DIGITS) });
    const { consent } = proxy;
    const facts = consent && { version: consent.version, at: moment(consent.at) };
    const how = consent?.how === 'on paper' ? 'proxies.on_paper' : 'proxies.signed_in';
    return el('li', {},
      el('p', {}, named('b', who)),
      el('p', {}, t(`proxies.${proxy.state}`)),
      proxy.state === 'accepted' && facts && el('p.hint', {}, t(how, facts)),
      el('div.actions', {},
        proxy.state !== 'accepted' && button(proxy, who, true, 'agree'),
        proxy.state === 'proposed' && button(proxy, who, false, 'refuse'),
        proxy.state === 'accepted' && button(proxy, who, false, 'take_back')));
  }

  /**
   * @param {Proxy} proxy
   * @param {string} who
   * @param {boolean} given
   * @param {'agree' | 'refuse' | 'take_back'} word
   */
  function button(proxy, who, given, word) {
    return el(given ? 'button.primary' : 'button', {
      type: 'button', 'aria-label': t(`proxies.${word}_long`, { who }),
      onclick: () => answer(proxy, given),
    }, t(`proxies.${word}`));
  }

  async function answer(/** @type {Proxy} */ proxy, /** @type {boolean} */ given) {
    if (isAsking) return;
    isAsking = true;
    const { status, code } = await answerProxy(proxy, given, newest);
    isAsking = false;
    // However it went, what holds is shown; the buttons are others, and the focus goes to the top.
    show(await readProxies());
    title.focus();
    if (status === 200) tell(t(given ? 'proxies.agreed' : 'proxies.refused'), 'good');
    else tell(onceMoreText(code), 'bad');
  }

  function tell(/** @type {string} */ text, /** @type {string} */ tone) {
    set(said, 'data-tone', tone);
    say(said, text);
  }

  return { element, stop: untilAnswered(readProxies, show) };
}
