// By what is somebody told first, and by what if that fails?

import { t } from '../words/language.js';
import { el, keyed, say, set } from './dom.js';

/** @typedef {import('../talk/shapes.js').Telling['channel']} Channel */
/** @typedef {import('../talk/shapes.js').Contacts} Contacts */

/** In which order Talon tells whoever has not said. @type {Channel[]} */
const USUAL = ['email', 'sms', 'web_push', 'mobile_push'];
/** Only for whoever wants to be called. @type {Channel} */
const CALL = 'list';

/**
 * A list whose rows are moved by buttons.
 * @returns {{ element: HTMLElement, show: (said: Channel[]) => void,
 *   reach: (contacts: Contacts) => void, value: () => Channel[] }}
 */
export function channelOrder() {
  const rows = el('ol.order');
  const told = el('p.unseen', { role: 'status' });
  const call = el('input', { type: 'checkbox', name: 'call', onchange: turn });
  const element = el('fieldset.choice.stack', {},
    el('legend', {}, t('channels.label')), el('p.hint', {}, t('channels.hint')), rows, told,
    el('label.person', {}, call, el('span', {}, t('channels.call'))));
  /** @type {Channel[]} as it was said; nothing, until somebody says something */
  let said = [];
  /** @type {Channel[]} */
  let order = [];
  /** @type {Contacts | null} */
  let contacts = null;

  function show(/** @type {Channel[]} */ channels) {
    said = channels;
    order = [...channels, ...USUAL.filter((channel) => !channels.includes(channel))];
    call.checked = channels.includes(CALL);
    draw();
  }

  function reach(/** @type {Contacts} */ known) {
    contacts = known;
    draw();
  }

  function draw() {
    // An app that nobody has is nothing to be put in order.
    const shown = order.filter((one) => one !== 'mobile_push' || (contacts?.apps ?? 0) > 0);
    keyed(rows, shown, {
      key: (channel) => channel,
      make: row,
      update(item, channel) {
        say(item.querySelector('.hint'), contacts === null ? '' : reached(channel, contacts));
        const [up, down] = item.querySelectorAll('button');
        set(up, 'aria-disabled', channel === shown[0] ? 'true' : null);
        set(down, 'aria-disabled', channel === shown[shown.length - 1] ? 'true' : null);
      },
    });
  }

  /** @param {Channel} channel */
  function row(channel) {
    const name = t(`channel.${channel}`);
    return el('li', {}, el('span', {}, el('b', {}, name), el('span.hint')),
      step(channel, '↑', t('channels.up', { channel: name }), -1),
      step(channel, '↓', t('channels.down', { channel: name }), 1));
  }

  /**
   * @param {Channel} channel
   * @param {string} text
   * @param {string} label
   * @param {number} by
   */
  function step(channel, text, label, by) {
    const button = el('button.step', {
      type: 'button', 'aria-label': label, onclick: () => move(channel, by, button),
    }, text);
    return button;
  }

  /**
   * @param {Channel} channel
   * @param {number} by
   * @param {any} button
   */
  function move(channel, by, button) {
    if (button.getAttribute('aria-disabled') === 'true') return;
    const shown = [...rows.children].map((item) => item.getAttribute('data-key'));
    const other = /** @type {Channel} */ (shown[shown.indexOf(channel) + by]);
    [order[order.indexOf(channel)], order[order.indexOf(other)]] = [other, channel];
    said = order;
    draw();
    // What is moved in the page has lost the focus.
    button.focus();
    const nth = shown.indexOf(channel) + by + 1;
    say(told, t('channels.moved', { channel: t(`channel.${channel}`), nth, n: shown.length }));
  }

  function turn() {
    order = order.filter((one) => one !== CALL);
    if (call.checked) order.push(CALL);
    said = order;
    draw();
  }

  return { element, show, reach, value: () => said };
}

/**
 * Whether anything leads to a person by this channel.
 * @param {Channel} channel
 * @param {Contacts} contacts
 */
function reached(channel, { email, phone, browsers, apps }) {
  if (channel === 'email') return email ?? t('channels.no_email');
  if (channel === 'sms') return phone ?? t('channels.no_phone');
  if (channel === 'web_push') return devices(browsers);
  return channel === 'mobile_push' ? devices(apps) : t('channels.called');
}

/** @param {number} n */
function devices(n) {
  return n === 0 ? t('channels.no_device') : t('channels.devices', { n });
}
