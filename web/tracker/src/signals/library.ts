import { loadSources, prepareForSources, sources } from '@fingerprintjs/fingerprintjs';
import { LIBRARY_SOURCES } from './sources.mjs';

type Source = (options: { cache: object }) => unknown;

/** What the library measured, by its own names; a source that failed is absent. */
export type Library = Partial<Record<(typeof LIBRARY_SOURCES)[number], unknown>>;

/**
 * Runs the chosen sources of FingerprintJS. Its `load` is not used: our hash covers our own names,
 * and nothing here can call home.
 */
export async function measureLibrary(): Promise<Library> {
  const chosen: Record<string, Source> = {};
  for (const name of LIBRARY_SOURCES) chosen[name] = sources[name] as Source;
  await prepareForSources();
  const components = await loadSources(chosen, { cache: {} }, [])();
  const library: Library = {};
  for (const name of LIBRARY_SOURCES) {
    const component = components[name];
    if (component && 'value' in component) library[name] = component.value;
  }
  return library;
}
