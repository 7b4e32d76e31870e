/**
 * The sources taken from FingerprintJS, in the order in which they run: WebGL last, because it can
 * disturb the canvas. The build leaves all others out of the bundle. Deliberately absent:
 * `domBlockers` (probes for ad blockers) and `fontPreferences` (a second hidden frame).
 */
export const LIBRARY_SOURCES = /** @type {const} */ ([
  'userAgentData',
  'fonts',
  'audio',
  'canvas',
  'hardwareConcurrency',
  'timezone',
  'plugins',
  'vendorFlavors',
  'colorGamut',
  'invertedColors',
  'forcedColors',
  'monochrome',
  'contrast',
  'reducedMotion',
  'reducedTransparency',
  'hdr',
  'math',
  'pdfViewerEnabled',
  'architecture',
  'webGlBasics',
  'webGlExtensions',
]);
