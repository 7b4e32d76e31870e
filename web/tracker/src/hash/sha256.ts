/**
 * SHA-256 in plain code, because `crypto.subtle` is absent on plain-http origins and asynchronous
 * elsewhere.
 */
const ROUND_CONSTANTS = fractionsOfPrimes(64, 1 / 3);
const INITIAL_STATE = fractionsOfPrimes(8, 1 / 2);

/** The first 32 bits of the fractional parts of the roots of the first primes (FIPS 180-4). */
function fractionsOfPrimes(count: number, exponent: number): Uint32Array {
  const words = new Uint32Array(count);
  for (let candidate = 2, found = 0; found < count; candidate++) {
    if (!isPrime(candidate)) continue;
    const root = candidate ** exponent;
    words[found++] = (root - Math.floor(root)) * 2 ** 32;
  }
  return words;
}

function isPrime(candidate: number): boolean {
  for (let divisor = 2; divisor * divisor <= candidate; divisor++) {
    if (candidate % divisor === 0) return false;
  }
  return true;
}

/** The message, a one bit, zeros, and the length in bits, as big-endian words. */
function pad(message: Uint8Array): Uint32Array {
  const words = new Uint32Array((((message.length + 8) >> 6) + 1) * 16);
  message.forEach((byte, index) => {
    words[index >> 2]! |= byte << (24 - (index % 4) * 8);
  });
  words[message.length >> 2]! |= 0x80 << (24 - (message.length % 4) * 8);
  words[words.length - 2] = Math.floor(message.length / 2 ** 29);
  words[words.length - 1] = message.length << 3;
  return words;
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function schedule(block: Uint32Array): Uint32Array {
  const w = new Uint32Array(64);
  w.set(block);
  for (let i = 16; i < 64; i++) {
    const a = w[i - 15]!;
    const b = w[i - 2]!;
    const s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3);
    const s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10);
    w[i] = w[i - 16]! + s0 + w[i - 7]! + s1;
  }
  return w;
}

function compress(state: Uint32Array, block: Uint32Array): void {
  const w = schedule(block);
  let [a, b, c, d, e, f, g, h] = state as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUND_CONSTANTS[i]! + w[i]!) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, index) => {
    state[index]! += word;
  });
}

/** SHA-256 of the UTF-8 form of a text, as 64 lower-case hexadecimal digits. */
export function sha256Hex(text: string): string {
  const words = pad(new TextEncoder().encode(text));
  const state = INITIAL_STATE.slice();
  for (let start = 0; start < words.length; start += 16) {
    compress(state, words.subarray(start, start + 16));
  }
  return Array.from(state, (word) => word.toString(16).padStart(8, '0')).join('');
}

/** The 128 bits that stand for large values in signals. */
export function shortHash(text: string): string {
  return sha256Hex(text).slice(0, 32);
}
