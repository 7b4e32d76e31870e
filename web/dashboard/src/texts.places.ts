/** Texts of where an identity came from. */
const count = new Intl.NumberFormat('en');

export const places = {
  addresses: {
    alone: 'no other device',
    events: (events: number) =>
      events === 0 ? '–' : `${count.format(events)} ${events === 1 ? 'event' : 'events'}`,
    heads: ['Address', 'Network', 'Country', 'Events', 'Seen', 'Other devices last seen there'],
    kinds: {
      carrier: 'Carrier',
      cdn: 'Content network',
      crawler: 'Crawler',
      home: 'Home',
      hosting: 'Hosting',
      office: 'Office',
      relay: 'Relay',
      tor: 'Tor',
      trusted: 'Trusted',
      vpn: 'VPN',
    } as Record<string, string>,
    latest: (events: number) => `From the latest ${count.format(events)} events.`,
    map: (where: string[]) => `Where it was seen: ${where.join(', ')}`,
    none: 'No address is known',
    noneHint: 'Events from pages carry one; a server may send the ip of whom it serves.',
    others: (devices: number, more: boolean) =>
      `${count.format(devices)}${more ? '+' : ''} ${devices === 1 ? 'device' : 'devices'}`,
    plain: 'no known list',
    title: 'Addresses',
  },
};
