// How is a stream of events read?

/** @typedef {{ id: string, event: string, data: string }} StreamEvent */

/**
 * The events of a text/event-stream as they come; a comment is an event without data.
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} body
 * @returns {AsyncGenerator<StreamEvent>}
 */
export async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value.replaceAll('\r\n', '\n');
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) yield parse(block);
  }
}

/**
 * @param {string} block
 * @returns {StreamEvent}
 */
export function parse(block) {
  const event = { id: '', event: 'message', data: '' };
  /** @type {string[]} */
  const data = [];
  for (const line of block.split('\n')) {
    const [field, value] = split(line);
    if (field === 'data') data.push(value);
    if (field === 'id') event.id = value;
    if (field === 'event') event.event = value;
  }
  return { ...event, data: data.join('\n') };
}

/** @param {string} line */
function split(line) {
  const colon = line.indexOf(':');
  if (colon < 0) return [line, ''];
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
}
