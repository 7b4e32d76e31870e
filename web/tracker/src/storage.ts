/** A text under a key. Private windows and blocked site data make the real stores throw. */
export interface TextStore {
  read(key: string): string | null;
  write(key: string, value: string | null): void;
}

/** Web storage that falls back to the memory of this page. */
export function textStore(open: () => Storage): TextStore {
  const memory = new Map<string, string>();
  return {
    read(key) {
      try {
        return open().getItem(key) ?? memory.get(key) ?? null;
      } catch {
        return memory.get(key) ?? null;
      }
    },
    write(key, value) {
      if (value === null) memory.delete(key);
      else memory.set(key, value);
      try {
        if (value === null) open().removeItem(key);
        else open().setItem(key, value);
      } catch {
        // Memory has it; the next page starts anew.
      }
    },
  };
}

export const sessionStore = textStore(() => window.sessionStorage);
export const lastingStore = textStore(() => window.localStorage);
