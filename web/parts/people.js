// For whom are the places?

import { learnPeople, people } from '../talk/people.js';
import { onWish, wishFor } from '../talk/wishes.js';
import { t } from '../words/language.js';
import { el, keyed, say } from './dom.js';
import { problemText } from './problems.js';

export const PLACES_MAX = 8;

/**
 * A choice of persons; each takes one place.
 * @param {{ chosen: string[], most: number, onChoice: (chosen: string[]) => void }} about
 * @returns {{ element: HTMLElement, stop: () => void }}
 */
export function peopleChoice({ chosen, most, onChoice }) {
  const picked = new Set(chosen);
  const list = el('div.people');
  const said = el('p.hint', { role: 'status' });
  const adder = el('button.quiet', { type: 'button', onclick: add }, t('people.add'));
  const element = el('fieldset.choice', {}, el('legend', {}, t('people.label')), list, adder, said);
  /** @type {string | null} */
  let wanted = null;

  function show() {
    keyed(list, people(), {
      key: (person) => person.id,
      make(person) {
        const input = el('input', {
          type: 'checkbox', name: 'person', value: person.id, onchange: () => pick(input),
        });
        return el('label.person', {}, input, el('span', {}, person.name));
      },
      update(label, person) {
        label.firstElementChild.checked = picked.has(person.id);
        say(label.lastElementChild, person.name);
      },
    });
  }

  function pick(/** @type {HTMLInputElement} */ input) {
    if (input.checked) picked.add(input.value);
    else picked.delete(input.value);
    if (picked.size > most) {
      picked.delete(input.value);
      input.checked = false;
      say(said, t('people.most', { n: most }));
    }
    onChoice(people().map((person) => person.id).filter((id) => picked.has(id)));
  }

  function add() {
    if (wanted !== null) return;
    say(said, t('people.adding'));
    wanted = wishFor({ kind: 'dependant', path: '/me/dependants', body: {}, about: {} }).key;
  }

  const stop = onWish(async (wish) => {
    if (wish.key !== wanted) return;
    if (wish.stage === 'done') {
      wanted = null;
      await learnPeople();
      say(said, t('people.added'));
      show();
    } else if (wish.stage === 'refused') {
      wanted = null;
      say(said, problemText(wish.answer?.code ?? ''));
    }
  });

  learnPeople().then((code) => {
    if (code !== '') say(said, t('people.unknown'));
    show();
  });
  show();
  return { element, stop };
}
