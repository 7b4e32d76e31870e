/** Something that is tried at the door, where nobody is signed in: under way, and what went wrong. */
import { useState } from 'react';

export function useAttempt(act: () => Promise<void>) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  async function attempt() {
    setBusy(true);
    setProblem(null);
    try {
      await act();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }
  return { busy, problem, attempt };
}
