// How is Talon asked, and what came back?

import { passOf } from './pass.js';
import { bearer, expire } from './session.js';

export const BASE = '/api/v1';
const READ_SECONDS = 6;
const ASK_SECONDS = 15;
const KEPT_MAX = 60;

/**
 * @typedef {object} Answer
 * @property {number} status 0 when nothing came back
 * @property {string} code the problem's stable code, or what stands for it; '' when all is well
 * @property {any} body
 * @property {string} asOf when what it says was so; '' where that is not said
 * @property {string} location
 * @property {number} retryAfter seconds; 0 where that is not said
 * @property {string} etag
 * @property {number} at when it was answered, by Talon's clock (ms)
 */

/**
 * @typedef {object} Question
 * @property {'GET' | 'POST' | 'PUT' | 'DELETE'} [method]
 * @property {boolean} [personal] whether it is asked in somebody's name
 * @property {string} [key] the name of the wish
 * @property {boolean} [lasts] whether it is still asked when the page is left
 * @property {unknown} [body]
 * @property {string} [etag]
 * @property {AbortSignal} [signal]
 */

/** @type {Map<string, { etag: string, body: any }>} */
const kept = new Map();

/**
 * Ask once. Whatever happens is an answer; nothing is thrown.
 * @param {string} path
 * @param {Question} [question]
 * @returns {Promise<Answer>}
 */
export async function ask(path, question = {}) {
  const token = question.personal ? bearer() : null;
  if (question.personal && token === null) return nothing(401, 'token_missing');
  const seconds = question.method === 'POST' ? ASK_SECONDS : READ_SECONDS;
  const late = AbortSignal.timeout(seconds * 1000);
  try {
    const response = await fetch(BASE + path, {
      method: question.method ?? 'GET',
      headers: headersFor(question, token),
      body: question.body === undefined ? undefined : JSON.stringify(question.body),
      cache: 'no-store',
      keepalive: question.lasts === true,
      signal: question.signal ? AbortSignal.any([question.signal, late]) : late,
    });
    const answer = await answerOf(response);
    if (answer.status === 401 && token !== null && token === bearer()) expire();
    return answer;
  } catch {
    if (question.signal?.aborted) return nothing(0, 'aborted');
    return nothing(0, late.aborted ? 'timeout' : 'offline');
  }
}

/**
 * Read what may have been read before; what has not changed is not sent again.
 * @param {string} path
 * @param {{ signal?: AbortSignal, personal?: boolean }} [question]
 * @returns {Promise<Answer & { changed: boolean }>}
 */
export async function read(path, question = {}) {
  const before = question.personal ? undefined : kept.get(path);
  const answer = await ask(path, { ...question, etag: before?.etag });
  if (answer.status === 304 && before !== undefined) {
    return { ...answer, status: 200, body: before.body, changed: false };
  }
  if (answer.status === 200 && answer.etag !== '' && !question.personal) {
    keep(path, { etag: answer.etag, body: answer.body });
  }
  return { ...answer, changed: true };
}

/**
 * A path with what it asks for; what is undefined or empty is left out.
 * @param {string} path
 * @param {Record<string, string | number | undefined | null>} query
 */
export function asking(path, query) {
  const said = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const pairs = said.map(([name, value]) => [name, String(value)]);
  return `${path}?${new URLSearchParams(pairs)}`;
}

/**
 * @param {Question} question
 * @param {string | null} token
 */
function headersFor(question, token) {
  const headers = new Headers({ Accept: 'application/json' });
  if (token !== null) headers.set('Authorization', `Bearer ${token}`);
  const pass = token !== null && question.method === 'POST' ? passOf() : null;
  if (pass !== null) headers.set('Admission-Pass', pass);
  if (question.key) headers.set('Idempotency-Key', question.key);
  // Who confirms what is kept for them is not turned away with those who want something new.
  const hold = /** @type {{ hold_id?: string } | undefined} */ (question.body)?.hold_id;
  if (hold) headers.set('Talon-Hold', hold);
  if (question.etag) headers.set('If-None-Match', question.etag);
  if (question.body !== undefined) headers.set('Content-Type', 'application/json');
  return headers;
}

/**
 * @param {Response} response
 * @returns {Promise<Answer>}
 */
async function answerOf(response) {
  const type = response.headers.get('Content-Type') ?? '';
  const body = type.includes('json') ? await response.json() : null;
  const isWell = response.ok || response.status === 304;
  return {
    status: response.status,
    code: isWell ? '' : (body?.code ?? `http_${response.status}`),
    body,
    asOf: response.headers.get('Talon-As-Of') ?? body?.as_of ?? '',
    location: response.headers.get('Location') ?? '',
    retryAfter: Number(response.headers.get('Retry-After')) || 0,
    etag: response.headers.get('ETag') ?? '',
    at: Date.parse(response.headers.get('Date') ?? '') || Date.now(),
  };
}

/**
 * @param {number} status
 * @param {string} code
 * @returns {Answer}
 */
function nothing(status, code) {
  const said = { body: null, asOf: '', location: '', retryAfter: 0, etag: '' };
  return { status, code, ...said, at: Date.now() };
}

/**
 * @param {string} path
 * @param {{ etag: string, body: any }} answer
 */
function keep(path, answer) {
  kept.delete(path);
  kept.set(path, answer);
  const oldest = kept.keys().next().value;
  if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest);
}
