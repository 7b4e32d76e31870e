import { type Config, readConfig } from './config';
import { guard } from './guard';
import { EVENT_TYPE_MAX, IDENTITY_ID_MAX, QUEUE_EVENTS_MAX } from './limits';
import { hasOptedOut, rememberOptOut } from './privacy';
import { lastingStore } from './storage';
import type { Tracker } from './tracker';

type Command = (tracker: Tracker) => void;

/** What stands at `window.dregs` once the script has loaded. */
export interface Api {
  (method: string, ...args: unknown[]): void;
  init(options: unknown): void;
  identify(id: unknown, data?: unknown): void;
  track(type: unknown, data?: unknown): void;
  optOut(optedOut?: unknown): void;
  /** A copy of the stub that the page kept still pushes its calls here. */
  q: { push(call: ArrayLike<unknown>): void };
  isReady: true;
}

export function createApi(defaultEndpoint: string, start: (config: Config) => Tracker): Api {
  let tracker: Tracker | null = null;
  let early: Command[] = [];
  let isOut = hasOptedOut(lastingStore);

  const run = (command: Command): void => {
    if (isOut) return;
    if (tracker) command(tracker);
    else if (early.length < QUEUE_EVENTS_MAX) early.push(command);
  };

  const methods = {
    init(options: unknown): void {
      if (isOut || tracker) return;
      const config = readConfig(options, defaultEndpoint);
      if (!config) return;
      tracker = start(config);
      const commands = early;
      early = [];
      for (const command of commands) guard(run)(command);
    },
    identify(id: unknown, data?: unknown): void {
      if (id === null) run((running) => running.identify(null, {}));
      const name = typeof id === 'number' ? String(id) : id;
      if (isName(name, IDENTITY_ID_MAX)) run((running) => running.identify(name, data));
    },
    track(type: unknown, data?: unknown): void {
      if (isName(type, EVENT_TYPE_MAX)) run((running) => running.track(type, data));
    },
    optOut(optedOut?: unknown): void {
      isOut = optedOut !== false;
      rememberOptOut(lastingStore, isOut);
      if (!isOut) return;
      tracker?.stop();
      tracker = null;
      early = [];
    },
  };

  const dispatch = guard((method: string, ...args: unknown[]): void => {
    if (!Object.prototype.hasOwnProperty.call(methods, method)) return;
    const [first, second] = args;
    methods[method as keyof typeof methods](first, second);
  });

  return Object.assign((method: string, ...args: unknown[]) => dispatch(method, ...args), {
    init: (options: unknown) => dispatch('init', options),
    identify: (id: unknown, data?: unknown) => dispatch('identify', id, data),
    track: (type: unknown, data?: unknown) => dispatch('track', type, data),
    optOut: (optedOut?: unknown) => dispatch('optOut', optedOut),
    q: {
      push(call: ArrayLike<unknown>) {
        const [method, ...args] = Array.from(call);
        dispatch(String(method), ...args);
      },
    },
    isReady: true as const,
  });
}

function isName(value: unknown, lengthMax: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= lengthMax;
}
