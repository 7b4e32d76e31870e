import { FINGERPRINT_WAIT_MS, QUEUE_EVENTS_MAX } from './limits';
import type { Device, TrackerEvent } from './types';

export interface HeldEvents {
  add(event: TrackerEvent): void;
  /** The device is known, or known to stay unknown (null). The first event goes before all held. */
  resolve(device: Device | null, first?: TrackerEvent): void;
  /** What waits for an owner goes out under this identity. */
  adopt(identity: string): void;
  /** The page is going away. */
  releaseAll(): void;
  close(): void;
}

/**
 * Holds events until the device is known, at most two seconds. The server refuses an event that
 * names neither a device nor an identity, so one without both keeps waiting for either.
 */
export function holdEvents(forward: (event: TrackerEvent) => void): HeldEvents {
  let held: TrackerEvent[] = [];
  let device: Device | null = null;
  let isWaiting = true;
  let areSignalsSent = false;

  /** Full signals ride on the first event only; afterwards the fingerprint stands for them. */
  const withDevice = (event: TrackerEvent): TrackerEvent => {
    if (!device) return event;
    const fingerprintOnly = { fingerprint: device.fingerprint };
    const attached = { ...event, device: areSignalsSent ? fingerprintOnly : device };
    areSignalsSent = true;
    return attached;
  };

  const release = (isEnough: (event: TrackerEvent) => boolean): void => {
    const ready = held.filter(isEnough);
    held = held.filter((event) => !isEnough(event));
    for (const event of ready) forward(withDevice(event));
  };
  const hasOwner = (event: TrackerEvent): boolean =>
    device !== null || event.identity !== undefined;
  const releaseOwned = (): void => {
    if (!isWaiting) release(hasOwner);
  };

  const timer = setTimeout(() => {
    isWaiting = false;
    releaseOwned();
  }, FINGERPRINT_WAIT_MS);

  return {
    add(event) {
      if (held.length < QUEUE_EVENTS_MAX) held.push(event);
      releaseOwned();
    },
    resolve(resolved, first) {
      device = resolved;
      if (first) held.unshift(first);
      isWaiting = false;
      clearTimeout(timer);
      releaseOwned();
    },
    adopt(id) {
      held = held.map((event) => (event.identity ? event : { ...event, identity: { id } }));
      releaseOwned();
    },
    releaseAll() {
      release(hasOwner);
    },
    close() {
      clearTimeout(timer);
      held = [];
    },
  };
}
