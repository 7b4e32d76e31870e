/** What automation tools leave behind in the page's world, by the tool's name. */
const TRACES: Record<string, RegExp> = {
  phantom: /^(callPhantom|_phantom|__phantomas|phantom)$/,
  nightmare: /^__nightmare$/,
  domAutomation: /^domAutomation(Controller)?$/,
  cdc: /^(\$?cdc_[a-zA-Z0-9]+|\$chrome_asyncScriptInfo)/,
  selenium:
    /^(_selenium|_Selenium_IDE_Recorder|callSelenium|__(selenium|webdriver|driver|fxdriver)_\w+|\$wdc_|__lastWatirAlert)/,
  playwrightBinding: /^__(pw|playwright)[A-Z_]/,
  puppeteerBinding: /^(__)?puppeteer_/,
  cypress: /^(__)?(Cypress|cypress)$/,
};

/** Names are enough: reading foreign values could run foreign code. */
export function globalTraces(): Record<string, boolean> {
  const names = Object.getOwnPropertyNames(window).concat(Object.getOwnPropertyNames(document));
  const found: Record<string, boolean> = {};
  for (const [tool, pattern] of Object.entries(TRACES)) {
    found[tool] = names.some((name) => pattern.test(name));
  }
  return found;
}
