// Whom the walk meets: labelled traffic with its abusers, and people whose every word is an attack.

/** Enough for rings, rules and a list that scrolls. */
const IDENTITIES = 150;

/** What runs says so: nothing ever should. */
export const RUN = 'window.pwned=1';
export const MARKUP = `<img src=x onerror=${RUN}>"'><script>${RUN}</script>`;
export const HOSTILE = [
  { id: 'hostile-markup', name: MARKUP, email: `"><svg onload=${RUN}>@example.com` },
  { id: 'hostile-bidi', name: '\u202eRENWO\u202c \u2066admin\u2069', email: 'a@example.com' },
  { id: 'hostile-long', name: 'W'.repeat(10_000), email: `${'x'.repeat(300)}@example.com` },
  {
    id: 'hostile-zalgo',
    name: `Z${'\u0316\u0317\u0318\u0319'.repeat(200)}`,
    email: 'z@example.com',
  },
  { id: '=cmd|calc', name: '=HYPERLINK("http://evil.example","click")', email: '+1@example.com' },
  { id: 'tenant/7?x=1#y%25 é', name: '@SUM(1+1)', email: '-2@example.com' },
  { id: `javascript:${RUN}//'4'`, name: '{{constructor}}', email: 'j@example.com' },
  { id: 'zero\u200bwidth', name: 'a\u200bd\u2060m\ufeffi\u00adn', email: 'zero@example.com' },
  { id: '👩‍👩‍👧‍👦🏳️‍🌈', name: '👩‍👩‍👧‍👦🏳️‍🌈🇦🇹'.repeat(60), email: '🙂@example.com' },
  { id: `long-${'i'.repeat(250)}`, name: ' ', email: `${'e '.repeat(400)}` },
  { id: 'ada@example.com', name: 'Ada Lovelace', email: 'ada@example.com' },
];
/** Three of them share what makes a ring. */
const RING = ['hostile-markup', 'hostile-bidi', 'hostile-long'];

function attack({ id, name, email }) {
  return {
    type: id === 'hostile-markup' ? MARKUP : 'user.signup',
    ip: '198.51.100.9',
    url: `javascript:${RUN}`,
    userAgent: MARKUP,
    identity: {
      id,
      data: { name, email, [MARKUP]: MARKUP, deep: { list: [1, 'two', { three: MARKUP }] } },
    },
    data: { [MARKUP]: MARKUP, long: 'L'.repeat(10_000), big: 12345678901234 },
    groups: [{ type: 'organization', id: MARKUP, data: { name: MARKUP } }],
    ...(RING.includes(id) && { device: { fingerprint: 'fp-hostile' }, session: 'shared' }),
  };
}

export async function seed(server) {
  await server.call('POST', '/escalation-rules', {
    name: 'Not a person, at once',
    severity: 'CRITICAL',
    conditions: [{ type: 'SCORE_LT', category: 'ANY', threshold: 25 }],
  });
  await server.call('POST', '/events', HOSTILE.map(attack));
  await server.simulate(IDENTITIES);
}
