import type { Json } from '../types';
import type { Library } from './library';
import { integer, text, texts } from './shape';

export const languages = (): Json => texts(navigator.languages ?? [navigator.language]);
export const timezone = (library: Library): Json => text(library.timezone);
/** Minutes, as of now: it must agree with the zone's name. */
export const timezoneOffset = (): Json => integer(-new Date().getTimezoneOffset());
export const locale = (): Json => text(Intl.DateTimeFormat().resolvedOptions().locale);
