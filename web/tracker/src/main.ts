import { type Api, createApi } from './api';
import { scriptOrigin } from './config';
import { guard } from './guard';
import { startTracker } from './tracker';

type Stub = { q?: ArrayLike<ArrayLike<unknown>>; isReady?: boolean };

/** Takes the stub's place and replays what it queued, in order. */
function install(): void {
  const page = window as unknown as { dregs?: Stub | Api };
  const stub = page.dregs as Stub | undefined;
  if (stub?.isReady) return;
  const api = createApi(scriptOrigin(), startTracker);
  page.dregs = api;
  for (const call of Array.from(stub?.q ?? [])) api.q.push(call);
}

guard(install)();
