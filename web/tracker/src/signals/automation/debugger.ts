/**
 * A debugger protocol that listens to the console looks at logged errors; without it nobody does. A
 * person with developer tools open is seen the same way.
 */
export function isProtocolAttached(): boolean {
  let readCount = 0;
  const bait = new Error();
  Object.defineProperty(bait, 'name', {
    get() {
      readCount += 1;
      return 'Error';
    },
  });
  console.debug(bait);
  return readCount > 1;
}
