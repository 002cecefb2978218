// What may somebody do who was sent a link, without signing in?

import { oneButton } from '../parts/one-button.js';
import { t } from '../words/language.js';

/**
 * @param {import('../route.js').Route} route
 * @returns {import('../app.js').View}
 */
export function linkView(route) {
  return oneButton({
    title: t('link.title'),
    label: t('cancel.do'),
    kind: 'danger',
    path: `/links/${encodeURIComponent(route.token)}`,
    // The same name however often the button is pressed: it is one wish.
    wish: { method: 'POST', key: crypto.randomUUID(), body: {} },
    found: (body) => ({ visits: body.visits, ready: true }),
    done(status) {
      if (status !== 200 && status !== 202) return null;
      return status === 200 ? t('done.cancel.text') : t('link.cancelling');
    },
    toned: false,
  });
}
