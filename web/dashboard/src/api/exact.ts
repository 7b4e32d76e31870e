/** Whole numbers beyond this many digits are not held exactly by a JavaScript number. */
const EXACT_DIGITS = 15;
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** JSON whose large whole numbers (ids of up to 63 bits) are text, so that parsing keeps every digit. */
export function exactNumbers(json: string): string {
  return json.replace(TOKEN, (token) =>
    token.length > EXACT_DIGITS && /^-?\d+$/.test(token) ? `"${token}"` : token,
  );
}
