import type { Json } from '../types';
import type { Library } from './library';
import { flag, integer, text, texts } from './shape';

/** What the browser says about itself and its machine. */
export const userAgent = (): Json => text(navigator.userAgent);
export const platform = (): Json => text(navigator.platform);
export const vendor = (): Json => text(navigator.vendor);
export const flavors = (library: Library): Json => texts(library.vendorFlavors);
export const hardwareConcurrency = (library: Library): Json => integer(library.hardwareConcurrency);
export const architecture = (library: Library): Json => integer(library.architecture);
export const touchPoints = (): Json => integer(navigator.maxTouchPoints);
export const webdriver = (): Json => flag(navigator.webdriver);
export const plugins = (library: Library): Json =>
  texts((library.plugins as { name: string }[] | undefined)?.map((plugin) => plugin.name));
export const pdfViewer = (library: Library): Json => flag(library.pdfViewerEnabled);
/** Only what the browser reports; setting a cookie to find out would leave one behind. */
export const cookies = (): Json => flag(navigator.cookieEnabled);
