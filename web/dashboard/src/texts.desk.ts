/** Texts of the home page's figures, of labels, of what is done to one identity, and of reports. */
const count = new Intl.NumberFormat('en');
const many = (value: number, one: string, more = `${one}s`) =>
  `${count.format(value)} ${value === 1 ? one : more}`;

export const desk = {
  overview: {
    active: 'Active identities, 24 h',
    activity: 'Activity over time',
    activityOf: (measure: string, buckets: number, unit: string) =>
      `${measure} in ${buckets} ${unit}; the table below has the same`,
    asTable: 'As a table',
    bar: (from: number, to: number, people: number) =>
      `Score ${from} to ${to}: ${many(people, 'identity', 'identities')}`,
    badgeRule: 'Badge',
    before: (figure: string) => `${figure} in the 24 h before`,
    bySeverity: 'Open, by severity',
    closed: 'Closed',
    distribution: 'How the scores are distributed',
    distributionHint: 'A click on a bar shows who is in it. Arrow keys move between bars.',
    distributionOf: (name: string) => `${name}, in steps of five points`,
    due: (due: number) => `${many(due, 'identity is', 'identities are')} about to be scored again.`,
    events: 'Events, 24 h',
    escalationRule: 'Escalation rule',
    fresh: (team: string) => `${team} in all`,
    given: 'Given',
    held: 'Have it now',
    measure: 'What is shown',
    measures: {
      events: ['Events', 'Recorded', 'Refused'],
      people: ['People', 'Active', 'New'],
      scored: ['Scored', 'Scored', ''],
      escalations: ['Escalations', 'Opened', 'Closed'],
    } as Record<Measure, [string, string, string]>,
    lagging: 'Processing lags behind.',
    median: 'Taken up after',
    medianHint: 'the median from opening to acknowledging',
    fresh24: 'New identities, 24 h',
    noRules: 'There are no rules',
    noRulesHint: 'Badge and escalation rules are made in the settings.',
    nobody: 'Nobody is scored yet',
    nothing: 'Nothing happened in this period',
    opened: 'Opened',
    pack: (version: string, days: number) => `Data pack ${version}, ${many(days, 'day')} old`,
    period: 'Period',
    periods: [
      ['24h', '24 hours'],
      ['7d', '7 days'],
      ['30d', '30 days'],
    ] as const,
    periodOf: { '24h': '24 hours', '7d': '7 days', '30d': '30 days' } as Record<string, string>,
    refused: (period: string) => `Refused in ${period}`,
    noneRefused: (period: string) => `Nothing was refused in ${period}.`,
    rule: 'Rule',
    rules: 'What the rules did',
    rulesCaption: (period: string) => `In the last ${period}`,
    scored: 'Scored identities, 24 h',
    silently: (times: string) => `${times} silently`,
    start: 'From',
    taken: 'Taken up',
    units: { HOUR: 'hours', DAY: 'days' } as Record<string, string>,
    unmapped: (names: number) => `${many(names, 'name')} not mapped yet`,
    unscored: (people: number) => `${count.format(people)} without a score`,
    processed: (period: string) => `processed in ${period}`,
  },
};

export type Measure = 'events' | 'people' | 'scored' | 'escalations';
