// How far is it from here to there?

import { locale } from './language.js';

const EARTH_KM = 6_371;
const NEAR_KM = 1;
const FAR_KM = 10;
const METRES_STEP = 50;

/** @typedef {{ latitude: number, longitude: number }} Point */

/**
 * Kilometres along the ground.
 * @param {Point} from
 * @param {Point} to
 */
export function kilometres(from, to) {
  const [a, b] = [radians(from.latitude), radians(to.latitude)];
  const turn = radians(to.longitude - from.longitude);
  const half = Math.sin((b - a) / 2) ** 2 + Math.cos(a) * Math.cos(b) * Math.sin(turn / 2) ** 2;
  return 2 * EARTH_KM * Math.asin(Math.sqrt(half));
}

/**
 * A distance as people say it; nobody wants to know it to the metre.
 * @param {number} km
 */
export function sayDistance(km) {
  if (km < NEAR_KM) {
    const metres = Math.max(METRES_STEP, Math.round((km * 1000) / METRES_STEP) * METRES_STEP);
    return say('meter', metres, 0);
  }
  return say('kilometer', km, km < FAR_KM ? 1 : 0);
}

/**
 * @param {string} unit
 * @param {number} amount
 * @param {number} maximumFractionDigits
 */
function say(unit, amount, maximumFractionDigits) {
  const options = { style: /** @type {const} */ ('unit'), unit, maximumFractionDigits };
  return new Intl.NumberFormat(locale(), options).format(amount);
}

/** @param {number} degrees */
function radians(degrees) {
  return (degrees * Math.PI) / 180;
}
