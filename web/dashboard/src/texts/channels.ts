/** Texts of notifications. */
import { number, plural } from '../lib/format';
import { short } from './terms';

export const channels = {
  channels: {
    about: 'Where notifications go, and what became of each.',
    again: 'It is sent again.',
    anyStatus: 'Any status',
    askRotate: (name: string) => `Change the secret of ${short(name)}?`,
    attempts: (attempts: number) => plural(attempts, 'attempt'),
    deleted: 'Deleted, with its log.',
    deleteHint: 'Its log goes with it. A channel that an escalation rule names cannot be deleted.',
    deliveries: 'Deliveries, newest first',
    disabled: 'Switched off. What is pending fails.',
    enabled: 'Switched on.',
    events: {
      IDENTITY_SCORED: 'Scores changed',
      IDENTITY_BADGES_CHANGED: 'Badges changed',
      ESCALATION_OPENED: 'Escalation opened',
      ESCALATION_CLOSED: 'Escalation closed',
      CHANNEL_DISABLED: 'Another channel switched off',
      TEST: 'Test',
    } as Record<string, string>,
    failing: 'Failing',
    hears: (events: string) => `hears of: ${events}; and of escalations where a rule names it`,
    hearsBesides: 'Hears of, besides escalations',
    hearsRules: 'hears of escalations where a rule names it',
    hideLog: 'Hide the log',
    lead: 'E-mail, Slack and webhooks.',
    log: 'Log',
    made: 'Made.',
    make: 'Make a channel',
    next: 'next attempt',
    noDeliveries: 'Nothing was sent',
    none: 'No channels',
    noneHint: 'Make one, and name it in an escalation rule.',
    once: 'The secret is shown this once. Give it to the receiver, which checks signatures with it.',
    overlap: 'The secret before signs too, until',
    redeliver: 'Send again',
    rotate: 'Change the secret',
    rotateHint:
      'Another secret signs from now on. The one before signs beside it for a day, so that the receiver can change over.',
    secret: 'Secret of the webhook',
    secretTitle: 'The secret',
    status: 'Status',
    statuses: { PENDING: 'Pending', DELIVERED: 'Delivered', FAILED: 'Failed' } as Record<
      string,
      string
    >,
    targetHints: {
      EMAIL: 'One or more, separated by spaces or commas.',
      SLACK: 'An incoming webhook of your workspace.',
      WEBHOOK: 'Where your program listens.',
    },
    targets: { EMAIL: 'Addresses', SLACK: 'Address of the incoming webhook', WEBHOOK: 'Address' },
    test: 'Send a test',
    tested: 'The test is on its way: see the log.',
    title: 'Notifications',
    type: 'Kind',
    types: { EMAIL: 'E-mail', SLACK: 'Slack', WEBHOOK: 'Webhook' } as Record<string, string>,
    change: 'Change',
    changeOf: (name: string) => `Change ${short(name)}`,
    digest: 'Gather into one mail (minutes)',
    digestHint: 'From 5 to 1,440. 0 sends each by itself.',
    digests: (minutes: number) => `gathers ${plural(minutes, 'minute')} into one mail`,
    keepUrl: 'Left empty, it stays as it is.',
    nextAttempted: 'the next is attempted',
    pace: (times: string) => `at most ${times} a minute`,
    paceLabel: 'At most a minute',
    paceHint: 'What is more waits. Empty: what is usual for the kind.',
    saved: 'Saved.',
    waits: (waiting: number) =>
      waiting >= 10_000
        ? '10,000 or more wait'
        : `${number(waiting)} wait${waiting === 1 ? 's' : ''}`,
  },
};
