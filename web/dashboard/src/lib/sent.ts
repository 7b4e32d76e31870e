/** Server-sent events, out of the pieces that a stream comes in. */

export interface Sent {
  name: string;
  id: string | null;
  data: string;
}

/** More than any event is long. */
export const SENT_CHARS_MAX = 200_000;

/** The events that are complete, and the text that is not yet. Comments are left out. */
export function readSent(text: string): { found: Sent[]; rest: string } {
  const blocks = text.replaceAll('\r\n', '\n').split('\n\n');
  const rest = blocks.pop() ?? '';
  return { found: blocks.flatMap(sentOf), rest };
}

function sentOf(block: string): Sent[] {
  const sent: Sent = { name: 'message', id: null, data: '' };
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') sent.name = value;
    else if (field === 'id') sent.id = value;
    else if (field === 'data') data.push(value);
  }
  return data.length > 0 ? [{ ...sent, data: data.join('\n') }] : [];
}

export interface Hint {
  ids: string[];
  many: boolean;
}

/** What a hint says; one that cannot be read says that anything may have changed. */
export function hintOf(data: string): Hint {
  try {
    const { ids, many } = JSON.parse(data);
    if (Array.isArray(ids)) return { ids: ids.map(String), many: many === true };
  } catch {
    // Of another version.
  }
  return { ids: [], many: true };
}
