/** What can be done with all that are selected. */
import { useState } from 'react';
import { api, body } from '../api/client';
import { number, plural } from '../lib/format';
import { texts } from '../texts';
import { Button } from './Button';
import { Confirm } from './Dialog';
import { useAct } from './useAct';

/** Requests at a time: the server has others to serve. */
const AT_A_TIME = 4;

/** Does it for each, a few at a time; returns those it worked for. The first failure stops it. */
export async function forEach(
  ids: string[],
  act: (id: string) => Promise<unknown>,
  tick: () => void,
) {
  const left = [...ids];
  const done: string[] = [];
  let failure: unknown;
  const worker = async () => {
    for (let id = left.shift(); id !== undefined && !failure; id = left.shift()) {
      try {
        await act(id);
        done.push(id);
        tick();
      } catch (error) {
        failure ??= error;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  if (failure && done.length === 0) throw failure;
  return done;
}

export const disregard = (id: string, disregarded: boolean) =>
  body(api.PATCH('/identities/{id}', { params: { path: { id } }, body: { disregarded } }));
export const analyze = (id: string) =>
  body(api.POST('/identities/{id}/actions/analyze', { params: { path: { id } } }));

export function BulkBar({ ids, onClear }: { ids: string[]; onClear: () => void }) {
  const [asking, setAsking] = useState<'disregard' | 'analyze' | null>(null);
  const [done, setDone] = useState(0);
  const tick = () => setDone((before) => before + 1);
  const after = () => {
    setAsking(null);
    setDone(0);
    onClear();
  };
  const touches = ['identities', 'identity', 'rings', 'escalations'];
  const leaveOut = useAct({
    act: () => forEach(ids, (id) => disregard(id, true), tick),
    undo: (_, changed) =>
      forEach(
        changed,
        (id) => disregard(id, false),
        () => undefined,
      ),
    done: (_, changed) => texts.bulk.disregarded(plural(changed.length, 'identity', 'identities')),
    touches,
    after,
  });
  const again = useAct({
    act: () => forEach(ids, analyze, tick),
    done: (_, changed) => texts.bulk.analyzed(plural(changed.length, 'identity', 'identities')),
    touches,
    after,
  });
  const act = asking === 'disregard' ? leaveOut : again;
  const count = plural(ids.length, 'identity', 'identities');
  return (
    <div className="flex flex-wrap items-center gap-2 border-b border-line bg-accent-wash px-4 py-2">
      <span className="font-medium">{texts.bulk.selected(number(ids.length))}</span>
      <Button small onClick={() => setAsking('disregard')}>
        {texts.actions.disregard}
      </Button>
      <Button small onClick={() => setAsking('analyze')}>
        {texts.actions.analyze}
      </Button>
      <Button small look="quiet" onClick={onClear}>
        {texts.bulk.clear}
      </Button>
      {asking && (
        <Confirm
          title={
            asking === 'disregard' ? texts.bulk.askDisregard(count) : texts.bulk.askAnalyze(count)
          }
          act={
            act.isPending
              ? texts.bulk.progress(number(done), number(ids.length))
              : asking === 'disregard'
                ? texts.actions.disregard
                : texts.actions.analyze
          }
          look={asking === 'disregard' ? 'danger' : 'main'}
          busy={act.isPending}
          onAct={() => act.mutate()}
          onClose={() => setAsking(null)}
        >
          <p>{asking === 'disregard' ? texts.actions.disregardHint : texts.actions.analyzeHint}</p>
        </Confirm>
      )}
    </div>
  );
}
