// How are elements made, and kept up to date without losing focus or place?

/** @typedef {Node | string | null | false | undefined} Child */
/** @typedef {Record<string, string | number | boolean | null | undefined | EventListener>} Props */

/**
 * An element: `el('p.note', { hidden: true }, 'text')`. A prop that begins with "on" is a listener.
 * @param {string} spec tag and classes
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {any}
 */
export function el(spec, props = {}, ...children) {
  const [tag, ...classes] = spec.split('.');
  const element = document.createElement(tag);
  if (classes.length > 0) element.className = classes.join(' ');
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else set(element, name, value);
  }
  element.append(...children.filter(isThere));
  return element;
}

/**
 * Set an attribute, or take it away; nothing is touched where it is so already.
 * @param {Element} element
 * @param {string} name
 * @param {string | number | boolean | null | undefined} value
 */
export function set(element, name, value) {
  if (value === false || value === null || value === undefined) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const text = value === true ? '' : String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

/**
 * Set a text; nothing is touched where it says so already, and nothing is announced twice.
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Replace what an element holds.
 * @param {Element} element
 * @param {...Child} children
 */
export function fill(element, ...children) {
  element.replaceChildren(...children.filter(isThere));
}

/**
 * Let a list hold one element for each item, in their order. What stays is kept, so that focus,
 * scroll and a finger on it stay as well.
 * @template T
 * @param {Element} list
 * @param {T[]} items
 * @param {{ key: (item: T) => string, make: (item: T) => Element,
 *   update?: (element: any, item: T) => void }} how
 */
export function keyed(list, items, { key, make, update }) {
  const before = [...list.children];
  const byKey = new Map(before.map((child) => [child.getAttribute('data-key'), child]));
  const kept = new Set();
  let next = list.firstElementChild;
  for (const item of items) {
    const name = key(item);
    let element = byKey.get(name);
    if (element === undefined) {
      element = make(item);
      element.setAttribute('data-key', name);
    }
    kept.add(element);
    update?.(element, item);
    if (element === next) next = next.nextElementSibling;
    else list.insertBefore(element, next);
  }
  for (const element of before) if (!kept.has(element)) element.remove();
}

/**
 * A name that comes from Talon and is the same in every language.
 * @param {string} spec
 * @param {string} text
 */
export function named(spec, text) {
  return el(spec, { translate: 'no' }, text);
}

/**
 * @param {Child} child
 * @returns {child is Node | string}
 */
function isThere(child) {
  return child !== null && child !== false && child !== undefined && child !== '';
}
