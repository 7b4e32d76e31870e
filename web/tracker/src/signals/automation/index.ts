import { attempt } from '../../guard';
import type { JsonObject } from '../../types';
import { withinMs } from '../shape';
import { isChromeObjectMissing, isChromeRuntimeFaked } from './chrome';
import { isProtocolAttached } from './debugger';
import { globalTraces } from './globals';
import { hasNoOuterSize, isHeadlessAgent } from './headless';
import { areLanguagesMismatched } from './languages';
import { tamperedNatives } from './natives';
import { isNotificationPermissionMismatched } from './notification';
import { inFreshRealm, isFrameMismatched } from './realm';
import { isUaDataMismatched } from './uadata';

const PERMISSION_WAIT_MS = 500;

/** One boolean for each trace of automation; true is suspicious, never a verdict by itself. */
const CHECKS: Record<string, () => boolean> = {
  webdriver: () => navigator.webdriver === true,
  chromeRuntime: isChromeObjectMissing,
  chromeRuntimeFaked: isChromeRuntimeFaked,
  headlessUa: isHeadlessAgent,
  noOuterSize: hasNoOuterSize,
  languagesMismatch: areLanguagesMismatched,
  uaDataMismatch: isUaDataMismatched,
  protocolAttached: isProtocolAttached,
};

export async function automation(): Promise<JsonObject> {
  const found: JsonObject = { ...attempt(globalTraces, {}) };
  for (const [name, check] of Object.entries(CHECKS)) found[name] = attempt(check, null);
  found.notificationPermissionMismatch = await withinMs(
    PERMISSION_WAIT_MS,
    isNotificationPermissionMismatched(),
  );
  return { ...found, ...attempt(() => inFreshRealm(compareRealms), { frameMismatch: null }) };
}

function compareRealms(realm: typeof globalThis): JsonObject {
  const tampered = tamperedNatives(realm);
  return {
    frameMismatch: isFrameMismatched(realm),
    nativeToStringTampered: tampered.includes('toString'),
    tampered,
  };
}
