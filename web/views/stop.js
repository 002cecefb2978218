// How does somebody stop messages like the one they have before them, without signing in?

import { oneButton } from '../parts/one-button.js';
import { t } from '../words/language.js';

/**
 * @param {import('../route.js').Route} route
 * @returns {import('../app.js').View}
 */
export function stopView(route) {
  return oneButton({
    title: t('stop.title'),
    label: t('stop.do'),
    path: `/unsubscribe/${encodeURIComponent(route.token)}`,
    wish: { method: 'POST', body: {} },
    found: (body) => ({ said: t(`stop.ask.${body.kind}`), ready: true }),
    done: (status, body) => (status === 200 ? t(`stop.said.${body.kind}`) : null),
  });
}
