// Who is signed in, and until when?

const KEPT = 'talon.token';
const IN_ADDRESS = /^#token=([^&]+)/;
const TIMER_MS_MAX = 2_147_483_647;

/**
 * @typedef {{ id: string, until: number, roles: string[] }} Person whom a token speaks for, until
 *   when (ms), and as what
 */

const changes = new EventTarget();
/** @type {string | null} */
let token = null;
/** @type {Person | null} */
let person = null;
let isOver = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** Speak for whom the address names, or else for whom this tab has spoken before. */
export function begin() {
  if (takeFromAddress()) return;
  const kept = sessionStorage.getItem(KEPT);
  if (kept !== null) signIn(kept);
}

/** Take the token out of the address, if one came along. True where it is good. */
export function takeFromAddress() {
  const brought = IN_ADDRESS.exec(location.hash);
  if (brought === null) return false;
  // The address is shown, shared and remembered; a token must not stay in it.
  history.replaceState(null, '', `${location.pathname}#/`);
  return signIn(decodeURIComponent(brought[1]));
}

/**
 * Speak for whom this token names. False where it cannot be read or is over.
 * @param {string} text
 */
export function signIn(text) {
  const wanted = text.trim();
  const named = personIn(wanted);
  if (named === null || named.until <= Date.now()) return false;
  [token, person, isOver] = [wanted, named, false];
  sessionStorage.setItem(KEPT, wanted);
  clearTimeout(timer);
  timer = setTimeout(expire, Math.min(named.until - Date.now(), TIMER_MS_MAX));
  tell();
  return true;
}

/** Leave, because the person wants to; nothing of theirs stays in this tab. */
export function signOut() {
  forget();
  isOver = false;
  sessionStorage.clear();
  tell();
}

/** The sign-in holds no longer; whatever was under way waits for the next one. */
export function expire() {
  if (token === null) return;
  forget();
  isOver = true;
  tell();
}

/** The token, for the header of a request. */
export function bearer() {
  return token;
}

/** Who is signed in; null when nobody is. */
export function whoIsHere() {
  return person;
}

/**
 * Whether their token says that they are one of these. Only the services can tell whether it is so.
 * @param {string[]} roles
 */
export function isOneOf(roles) {
  return person !== null && person.roles.some((role) => roles.includes(role));
}

/** Whether somebody was here whose time is over. */
export function hasExpired() {
  return isOver;
}

/**
 * Hear of every sign-in and its end.
 * @param {() => void} listener
 * @returns {() => void} stops it
 */
export function onSession(listener) {
  changes.addEventListener('change', listener);
  return () => changes.removeEventListener('change', listener);
}

function forget() {
  [token, person] = [null, null];
  clearTimeout(timer);
  sessionStorage.removeItem(KEPT);
}

function tell() {
  changes.dispatchEvent(new Event('change'));
}

/**
 * What the token says about itself. Whether that is true, only the services can tell.
 * @param {string} text
 * @returns {Person | null}
 */
function personIn(text) {
  try {
    const middle = text.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    const claims = JSON.parse(atob(middle));
    if (typeof claims.sub !== 'string' || typeof claims.exp !== 'number') return null;
    const roles = Array.isArray(claims.roles) ? claims.roles : [];
    return { id: claims.sub, until: claims.exp * 1000, roles };
  } catch {
    return null;
  }
}
