// How does somebody say that they come to the visit they were reminded of, without signing in?

import { oneButton } from '../parts/one-button.js';
import { t } from '../words/language.js';

/**
 * @param {import('../route.js').Route} route
 * @returns {import('../app.js').View}
 */
export function comingView(route) {
  return oneButton({
    title: t('coming.title'),
    label: t('coming.do'),
    path: `/links/${encodeURIComponent(route.token)}/coming`,
    wish: { method: 'PUT', body: {} },
    found(body) {
      const said = body.status === 'coming' ? t('coming.said') : '';
      return { visits: body.visits, said, ready: !said };
    },
    done: (status) => (status === 200 ? t('coming.said') : null),
  });
}
