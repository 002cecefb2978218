// Which view does the address ask for?

/**
 * @typedef {object} Route
 * @property {'find' | 'clinic' | 'pairs' | 'bookings' | 'messages' | 'contacts' | 'told'
 *   | 'unknown' | 'line' | 'link' | 'visit' | 'coming' | 'time' | 'stop' | 'nowhere'} view
 * @property {string} clinic
 * @property {string} campaign
 * @property {string} token
 * @property {string} service
 * @property {string} product
 * @property {string} date
 */

/**
 * What the fragment means. It never leaves the browser, and names no person; what a link is worth
 * only Talon knows.
 * @param {string} hash
 * @returns {Route}
 */
export function routeOf(hash) {
  const [path, query] = hash.replace(/^#\/?/, '').split('?');
  const [view = '', clinic = '', third = ''] = path.split('/');
  // What a link is for stands before its token; without that it is one to cancel.
  const isFor = view === 'link' && third !== '' ? clinic : '';
  const token = isFor !== '' ? third : clinic;
  const asked = new URLSearchParams(query);
  const [service, product, date] = ['service', 'product', 'date']
    .map((name) => asked.get(name) ?? '');
  const rest = { clinic, campaign: clinic, token, service, product, date };
  if (view === '') return { view: 'find', ...rest };
  if (view === 'clinic' && clinic !== '') return { view: 'clinic', ...rest };
  if (view === 'line' && clinic !== '') return { view, ...rest };
  if (isFor === 'visit' || isFor === 'coming' || isFor === 'time' || isFor === 'stop') {
    return { view: isFor, ...rest };
  }
  if (view === 'link' && isFor === '' && token !== '') return { view, ...rest };
  if (view === 'pairs') return { view, ...rest };
  if (view === 'bookings' || view === 'messages' || view === 'contacts') return { view, ...rest };
  if (view === 'told' || view === 'unknown') return { view, ...rest };
  return { view: 'nowhere', ...rest };
}

/**
 * The address of looking for a place.
 * @param {{ service?: string, date?: string }} choice
 */
export function toFind(choice) {
  return `#/${asked(choice)}`;
}

/**
 * The address of one clinic.
 * @param {string} clinic
 * @param {{ service?: string, date?: string }} choice
 */
export function toClinic(clinic, choice) {
  return `#/clinic/${clinic}${asked(choice)}`;
}

/**
 * The address of the waiting room before a campaign.
 * @param {string} campaign
 */
export function toLine(campaign) {
  return `#/line/${campaign}`;
}

/**
 * The address of looking for both doses of a campaign.
 * @param {string} campaign '' for the newest
 * @param {{ product?: string, date?: string }} choice
 */
export function toPairs(campaign, choice) {
  return `#/pairs${campaign && `/${campaign}`}${asked(choice)}`;
}

/**
 * Say in the address what has been chosen; it is the same view, so it is not entered anew.
 * @param {string} address
 */
export function correct(address) {
  if (location.hash !== address) history.replaceState(history.state, '', address);
}

/** @param {Record<string, string | undefined>} choice */
function asked(choice) {
  const said = Object.entries(choice).filter(([, value]) => value);
  return said.length === 0 ? '' : `?${new URLSearchParams(/** @type {any} */ (said))}`;
}
