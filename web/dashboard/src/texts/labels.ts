/** Texts of verdicts, and of what they tell about scores. */
import { plural } from '../lib/format';

const kinds: Record<string, [string, string]> = {
  LEGITIMATE: ['Legitimate', 'A real user, whatever the scores say'],
  BOT: ['Bot', 'No person acts here'],
  FAKE_DATA: ['False identity', 'Not who they say they are'],
  MULTI_ACCOUNT: ['Duplicate account', 'One person, several accounts'],
  ACCOUNT_TAKEOVER: ['Account takeover', 'Somebody else got in'],
  PAYMENT_FRAUD: ['Payment fraud', 'Stolen means, or charged back'],
  PROMO_ABUSE: ['Promotion abuse', 'Trials or vouchers again and again'],
  REFERRAL_FRAUD: ['Referral fraud', 'Invited themselves'],
  SPAM: ['Spam', 'Unwanted messages or posts'],
  SCRAPING: ['Scraping', 'Copies what is there by machine'],
  OTHER: ['Other abuse', 'Say in the note what'],
};

const kind = (code: string) => kinds[code]?.[0] ?? code;
/** Beside names and badges: a verdict is an analyst's, a badge is a rule's. */
const verdict = (code: string) => `Verdict: ${kind(code).toLowerCase()}`;

export const labels = {
  labels: {
    anything: 'Any verdict or none',
    ask: 'Verdict on',
    by: 'by',
    change: 'Change the verdict',
    current: 'Verdict',
    done: (code: string) => `${verdict(code)}.`,
    earlier: 'Earlier verdicts',
    filter: 'Verdict',
    filtered: (one: string) =>
      one === 'any' ? 'With a verdict' : one === 'none' ? 'Without a verdict' : verdict(one),
    ended: 'ended',
    hint: 'What you found out, for good. No score changes by it: it shows how often scores and rules are right, and a rule that is wrong too often is paused.',
    kinds,
    kind,
    label: 'Verdict',
    none: 'No verdict yet',
    noneHint: 'Whoever looked into it can say what it is: legitimate, or a kind of abuse.',
    noEarlier: 'There was no other verdict.',
    note: 'Note (optional)',
    noteHint: 'How you know. Ctrl and Enter sets the verdict.',
    remove: 'Remove the verdict',
    removed: 'The verdict is removed. It stays in the history.',
    set: 'Set the verdict',
    snapshot: 'Scores then',
    through: 'through an escalation',
    verdict,
    what: 'Kind',
  },
  calibration: {
    abuse: 'Abuse',
    auc: 'AUC',
    aucHint:
      'The chance that a legitimate identity scores higher than a bad one. 50 % is a coin, 100 % is perfect.',
    bad: (kinds: string) => `Bad for it: ${kinds}. Other kinds say nothing about it.`,
    badAny: 'The lowest score of each identity, against abuse of any kind.',
    bins: 'As a table',
    brier: 'Brier score',
    brierHint:
      'The mean squared error of the score as a probability. 0 is perfect; 0.25 is what 50 for everybody gets.',
    caught: 'Abuse below',
    conclusive: 'Enough verdicts',
    counted: (labels: number) => `${plural(labels, 'verdict')} counted`,
    curve: (name: string) =>
      `Reliability of ${name}: the share of legitimate identities by score, with 95 % intervals; the table below has the same`,
    curveHint:
      'Share of legitimate ones by score. On the dashed line a score of 80 means 80 % legitimate.',
    edge: 'Taken for bad',
    edges: 'At the edges of the bands',
    edgeOf: (edge: number) => `below ${edge}`,
    falsePositives: 'Legitimate hit',
    hit: 'Legitimate below',
    interval: '95 % interval',
    labelled: 'With a verdict',
    labels: 'Verdicts',
    lead: 'Each verdict counts with the scores its identity had when it was given.',
    legitimate: 'Legitimate',
    missed: 'Abuse above',
    needed: (labels: number, side: number) =>
      `A conclusion needs ${labels} verdicts on a score, and ${side} of either side.`,
    none: 'No verdict says anything about it yet',
    noneHint:
      'Say what identities are as you look into them, good ones too: press l on the page of an identity or on an escalation.',
    noLabels: 'Nobody has a verdict',
    overall: 'Overall',
    passed: 'Legitimate above',
    periods: [
      ['30', '30 days'],
      ['90', '90 days'],
      ['365', 'a year'],
    ] as const,
    precision: 'Precision',
    progress: (have: number, need: number) => `${have} of ${need}`,
    recall: 'Recall',
    scoreAxis: 'Score',
    share: 'Share legitimate',
    sides: [
      ['', 'All'],
      ['true', 'Legitimate'],
      ['false', 'Abuse'],
    ] as const,
    anyKind: 'Any kind',
    side: 'Which verdicts',
    title: 'Calibration',
    tooFew: 'Too few verdicts to conclude anything',
    truncated: 'There are more verdicts than are counted; the newest are left out.',
  },
};
