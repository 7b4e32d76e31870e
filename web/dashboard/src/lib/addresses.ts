/** Where an identity came from, address by address, out of its events and devices. */
import type { Device, Event } from '../api/types';

export interface Address {
  ip: string;
  /** None where only a device remembers it. */
  events: number;
  firstAt: string;
  lastAt: string;
  /** Where the address is, as far as a device that was seen there tells. */
  countryCode?: string;
  country?: string;
  at?: [longitude: number, latitude: number];
}

/** The latest first. */
export function addressesOf(
  events: Pick<Event, 'ip' | 'timestamp'>[],
  devices: Device[],
): Address[] {
  const found = new Map<string, Address>();
  const see = (ip: string, from: string, to: string, events: number) => {
    const known = found.get(ip);
    if (!known) {
      found.set(ip, { ip, events, firstAt: from, lastAt: to });
      return;
    }
    known.events += events;
    if (from < known.firstAt) known.firstAt = from;
    if (to > known.lastAt) known.lastAt = to;
  };
  for (const { ip, timestamp } of events) if (ip) see(ip, timestamp, timestamp, 1);
  for (const { ip, lastSeenAt } of devices) if (ip) see(ip, lastSeenAt, lastSeenAt, 0);
  for (const address of found.values()) located(address, devices);
  return [...found.values()].sort((a, b) =>
    a.lastAt < b.lastAt ? 1 : a.lastAt > b.lastAt ? -1 : 0,
  );
}

/** With what devices that were last seen there say of the place. */
export function located(address: Address, devices: Device[]): Address {
  const device = devices.find((one) => one.ip === address.ip && one.countryCode);
  if (!device) return address;
  address.countryCode = device.countryCode ?? undefined;
  address.country = device.country ?? undefined;
  if (device.longitude != null && device.latitude != null)
    address.at = [device.longitude, device.latitude];
  return address;
}
