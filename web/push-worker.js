// What does a device show of what is pushed to it, and what does a tap on that open?

const NAME = 'Talon';
const PAGE = '#/bookings';

/**
 * @typedef {object} Pushed
 * @property {string} [title]
 * @property {string} [body]
 * @property {string} [url] a fragment of the page's address
 * @property {string} [tag]
 * @property {string} [lang]
 * @property {Asked} [coming]
 */

/** @typedef {{ label: string, said: string, url: string }} Asked a question that a tap answers */

const worker = /** @type {any} */ (self);

worker.addEventListener('push', (/** @type {any} */ event) => {
  event.waitUntil(show(read(event.data)));
});

worker.addEventListener('notificationclick', (/** @type {any} */ event) => {
  const { title, tag, lang, data } = event.notification;
  event.notification.close();
  const come = event.action === 'coming' ? data?.coming : undefined;
  event.waitUntil(come ? say(come, { title, tag, lang }) : open(data?.url ?? PAGE));
});

/**
 * Something is always shown: a browser takes the right away from who pushes in silence.
 * @param {Pushed} pushed
 */
function show(pushed) {
  const { title = NAME, body = '', url = PAGE, tag = '', lang = '', coming } = pushed;
  // Of one booking only the last message stands; it is told again, since it is another one.
  const renotify = tag !== '';
  return worker.registration.showNotification(title, {
    body, tag, lang, renotify, icon: 'icon.svg', badge: 'icon.svg', data: { url, coming },
    actions: coming ? [{ action: 'coming', title: coming.label }] : [],
  });
}

/**
 * What was pushed; nothing of it where it cannot be read.
 * @param {any} data
 * @returns {Pushed}
 */
function read(data) {
  try {
    return data?.json() ?? {};
  } catch {
    return {};
  }
}

/**
 * One tap says that somebody comes. Where that cannot be said now, its page is opened, to say why.
 * @param {Asked} coming
 * @param {Pushed} shown
 */
async function say({ url, said }, { title = NAME, tag, lang }) {
  const token = url.split('/').pop();
  try {
    const answer = await fetch(`api/v1/links/${token}/coming`, {
      method: 'PUT', body: '{}', headers: { 'Content-Type': 'application/json' },
    });
    if (!answer.ok) throw new Error(String(answer.status));
    await worker.registration.showNotification(title, {
      body: said, tag, lang, icon: 'icon.svg', badge: 'icon.svg',
    });
  } catch {
    await open(url);
  }
}

/**
 * In a page that is open already, where somebody may be signed in; else in a new one.
 * @param {string} url
 */
async function open(url) {
  const within = url.startsWith('#') ? url : PAGE;
  const pages = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const page = pages[0];
  if (page === undefined) {
    await worker.clients.openWindow(new URL(within, worker.registration.scope).href);
    return;
  }
  page.postMessage({ open: within });
  await page.focus();
}
