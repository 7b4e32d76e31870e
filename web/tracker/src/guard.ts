/** Wraps a callback so that a fault of the tracker never reaches the host page. */
export function guard<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    try {
      callback(...args);
    } catch {
      // The page works without the tracker: a lost observation is the smaller harm.
    }
  };
}

/** The value of a computation, or a substitute when the browser refuses it. */
export function attempt<T>(compute: () => T, otherwise: T): T {
  try {
    return compute();
  } catch {
    return otherwise;
  }
}
