// Who was let in from a waiting room, and until when?

import { whoIsHere } from './session.js';

const KEPT = 'talon.pass';

/** @typedef {{ owner: string, pass: string, until: string }} Pass */

/**
 * It was somebody's turn: what they ask for from now on goes with this pass.
 * @param {Pass} pass
 */
export function keepPass(pass) {
  sessionStorage.setItem(KEPT, JSON.stringify(pass));
}

/** The pass of whoever is here; null where they have none. Whether it still holds, Talon says. */
export function passOf() {
  /** @type {Pass | null} */
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? 'null');
  return kept !== null && kept.owner === whoIsHere()?.id ? kept.pass : null;
}
