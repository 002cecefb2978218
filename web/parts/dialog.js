// How does a dialog open and close, and where is the focus afterwards?

import { t } from '../words/language.js';
import { el } from './dom.js';

/**
 * Open a dialog over the page. Escape closes it; the focus returns to what opened it, or, where
 * that is gone or lies idle, to the heading of the view.
 * @param {{ title: string, onClose?: () => void }} about
 * @returns {{ body: HTMLElement, rename: (title: string) => void, close: () => void }}
 */
export function openDialog({ title, onClose }) {
  const opener = document.activeElement;
  const heading = el('h2', { id: 'dialog-title', tabindex: '-1' }, title);
  const body = el('div.dialog-body');
  const label = t('dialog.close');
  const closer = el('button.quiet.closer', { type: 'button', 'aria-label': label }, '×');
  const head = el('div.dialog-head', {}, heading, closer);
  const dialog = el('dialog.dialog', { 'aria-labelledby': 'dialog-title' }, head, body);
  const close = () => dialog.close();
  closer.addEventListener('click', close);
  dialog.addEventListener('close', () => {
    dialog.remove();
    returnFocus(opener);
    onClose?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  heading.focus();
  return {
    body,
    rename(next) {
      if (heading.textContent !== next) heading.textContent = next;
      // What had the focus may be gone with the phase before.
      if (!body.contains(document.activeElement)) heading.focus();
    },
    close,
  };
}

/** @param {Element | null} opener */
function returnFocus(opener) {
  if (opener instanceof HTMLElement && opener.isConnected && opener !== document.body) {
    opener.focus();
    return;
  }
  document.querySelector('h1')?.focus();
}
