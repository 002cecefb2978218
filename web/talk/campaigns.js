// Which campaigns have two doses?

import { spoken } from '../words/language.js';
import { asking, read } from './api.js';

const PAGE = 100;
const PAGES_MAX = 10;
const DOSES = 2;

/**
 * @typedef {object} Campaign
 * @property {string} id
 * @property {string} name
 * @property {string} service
 * @property {string} opens_at
 * @property {number} doses
 * @property {number} min_days the second dose comes so many days after the first, or more
 * @property {number} max_days and no more than so many
 */

/**
 * Those of two doses, newest first, among up to 1,000 campaigns. Its code says why not, where that
 * could not be learned.
 * @param {AbortSignal} signal
 * @returns {Promise<{ campaigns: Campaign[], code: string }>}
 */
export async function campaignsOfTwo(signal) {
  /** @type {Campaign[]} */
  const campaigns = [];
  let cursor;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await read(asking('/campaigns', { limit: PAGE, cursor }), { signal });
    if (answer.status !== 200) return { campaigns, code: answer.code };
    campaigns.push(...answer.body.campaigns.flatMap(whatItGives));
    cursor = answer.body.cursor;
    if (!cursor) break;
  }
  return { campaigns: campaigns.filter(({ doses }) => doses === DOSES).reverse(), code: '' };
}

/**
 * Whether this campaign is one of them; not, where that could not be learned.
 * @param {string} id
 */
export async function hasTwoDoses(id) {
  const { status, body } = await read(`/campaigns/${encodeURIComponent(id)}`);
  return status === 200 && whatItGives(body).some(({ doses }) => doses === DOSES);
}

/**
 * A campaign as often as it has products: each has its doses, its days, and its slots.
 * @param {Campaign & { products: any[] }} campaign
 * @returns {Campaign[]}
 */
function whatItGives({ products = [], ...campaign }) {
  if (products.length === 0) return [campaign];
  return products.map(({ title, service, doses, min_days, max_days }) => ({
    ...campaign, service, doses, min_days, max_days, name: `${campaign.name}: ${title[spoken()]}`,
  }));
}
