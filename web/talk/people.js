// For whom may whoever is signed in book?

import { ask } from './api.js';
import { whoIsHere } from './session.js';
import { t } from '../words/language.js';

/** @type {{ owner: string, dependants: string[] }} */
let known = { owner: '', dependants: [] };

/**
 * Learn the dependants anew. The code says why not, where that failed; '' when all is well.
 * @returns {Promise<string>}
 */
export async function learnPeople() {
  const owner = whoIsHere()?.id ?? '';
  const { status, code, body } = await ask('/me/dependants', { personal: true });
  if (status !== 200) return code;
  const ids = body.dependants
    .filter((/** @type {{ state: string }} */ { state }) => state === 'accepted')
    .map((/** @type {{ id: string }} */ { id }) => id);
  known = { owner, dependants: ids };
  return '';
}

/** The person and then the dependants, oldest first, as far as they have been learned. */
export function people() {
  const owner = whoIsHere()?.id ?? '';
  const dependants = known.owner === owner ? known.dependants : [];
  return [owner, ...dependants].map((id) => ({ id, name: personName(id) }));
}

/**
 * What a person is called; names come later, until then they are numbered.
 * @param {string} id
 */
export function personName(id) {
  if (id === whoIsHere()?.id) return t('person.me');
  const nth = known.dependants.indexOf(id);
  return nth < 0 ? t('person.somebody') : t('person.dependant', { n: nth + 1 });
}
