// Which clinics are there, and where?

import { asking, read } from './api.js';

const PAGE = 100;
const PAGES_MAX = 20;

/** @typedef {import('./shapes.js').Clinic} Clinic */

/** @type {Map<string, Clinic>} */
const known = new Map();

/**
 * All clinics that offer a service, up to 2,000 of them; null where that could not be learned.
 * @param {string} service
 * @param {AbortSignal} signal
 * @returns {Promise<Clinic[] | null>}
 */
export async function clinicsFor(service, signal) {
  /** @type {Clinic[]} */
  const found = [];
  let cursor;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await read(asking('/clinics', { service, limit: PAGE, cursor }), { signal });
    if (answer.status !== 200) return null;
    found.push(...answer.body.clinics);
    cursor = answer.body.cursor;
    if (!cursor) break;
  }
  for (const clinic of found) known.set(clinic.id, clinic);
  return found;
}

/**
 * One clinic. Its code says why not, where it is not to be had.
 * @param {string} id
 * @returns {Promise<{ clinic: Clinic | null, code: string }>}
 */
export async function clinicOf(id) {
  const before = known.get(id);
  if (before !== undefined) return { clinic: before, code: '' };
  const { status, code, body } = await read(`/clinics/${encodeURIComponent(id)}`);
  if (status !== 200) return { clinic: null, code };
  known.set(id, body);
  return { clinic: body, code: '' };
}
