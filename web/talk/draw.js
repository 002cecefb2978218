// Was the draw of a waiting room the one that was promised?

import { ask } from './api.js';

const LOT_DIGITS = 32;

/** @typedef {{ place: number, lot: string }} Lot */

/**
 * Whether the seed is the one whose hash was told before, and gives this person this place.
 * @param {{ campaign: string, seed: string, seed_hash: string, person: string,
 *   place: number }} drawn
 * @returns {Promise<'right' | 'wrong' | 'unknown'>} unknown where that cannot be worked out now
 */
export async function checkDraw({ campaign, seed, seed_hash, person, place }) {
  // A browser reckons only for pages that came to it safely.
  if (crypto.subtle === undefined) return 'unknown';
  const hash = await crypto.subtle.digest('SHA-256', bytesOf(seed));
  if (hexOf(hash) !== seed_hash) return 'wrong';
  const path = `/campaigns/${encodeURIComponent(campaign)}/waiting-room/draw?place=${place}`;
  const { status, body } = await ask(path);
  if (status !== 200) return 'unknown';
  /** @type {Lot[]} */
  const lots = body.lots;
  const own = await lotOf(seed, person);
  const isInOrder = lots.every(({ lot }, n) => n === 0 || lots[n - 1].lot < lot);
  const isMine = lots[0]?.place === place && lots[0].lot === own;
  return body.seed === seed && isInOrder && isMine ? 'right' : 'wrong';
}

/**
 * A person's lot: the first 16 bytes of HMAC-SHA256.
 * @param {string} seed
 * @param {string} person
 */
async function lotOf(seed, person) {
  const how = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', bytesOf(seed), how, false, ['sign']);
  const lot = await crypto.subtle.sign('HMAC', key, bytesOf(person.replaceAll('-', '')));
  return hexOf(lot).slice(0, LOT_DIGITS);
}

/** @param {string} hex */
function bytesOf(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** @param {ArrayBuffer} bytes */
function hexOf(bytes) {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
