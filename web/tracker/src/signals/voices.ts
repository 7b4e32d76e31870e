import type { Json } from '../types';

const VOICES_WAIT_MS = 300;

/** How many voices can speak. Some browsers load the list late and announce it. */
export function voices(): Json | Promise<Json> {
  const speech = window.speechSynthesis;
  if (!speech) return null;
  const count = speech.getVoices().length;
  if (count > 0) return count;
  return new Promise((resolve) => {
    const answer = (): void => {
      clearTimeout(timer);
      speech.removeEventListener('voiceschanged', answer);
      resolve(speech.getVoices().length);
    };
    const timer = setTimeout(answer, VOICES_WAIT_MS);
    speech.addEventListener('voiceschanged', answer);
  });
}
